import { Moment } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { limitWords } from '../rules/words.ts';
import type { DecidingRule } from './why-store.ts';

/** A rule of the owner's as it was when it decided something, and whether it still holds. */
export function RuleInWords({ rule, about }: { rule: DecidingRule; about: string | null }): VNode {
  const { effect, limit, since, until, holds, wasAsked } = rule;
  return (
    <>
      {about === null ? 'Whatever it is' : `“${about}”`}: {EFFECTS[effect]}
      {limit !== null && `, ${limitWords(limit)}`}.{' '}
      <small>
        {wasAsked ? 'Your answer of ' : 'Your decision of '}
        <Moment at={since} />
        {until === null ? (
          ''
        ) : holds ? (
          <>
            , good until <Moment at={until} />
          </>
        ) : (
          <>
            , which held until <Moment at={until} />
          </>
        )}
        .
      </small>
    </>
  );
}

const EFFECTS = { allow: 'allowed without asking', ask: 'you are asked each time', deny: 'never allowed' } as const;
