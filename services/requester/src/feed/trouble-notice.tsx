import { Badge, ButtonLink, ButtonRow } from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { Trouble } from './trouble.ts';

export const STATE = { needs: 'needs you', denied: 'not allowed', bad: 'not reached' } as const;
const TONE = { needs: 'needs', denied: 'plain', bad: 'bad' } as const;

/** The title of what has a problem, and the kind of problem in one word. */
export function TroubleTitle({ title, trouble, word }: { title: string; trouble: Trouble; word: string }): VNode {
  return (
    <span class="heading">
      {title}
      <Badge kind={TONE[trouble.kind]}>{word}</Badge>
    </span>
  );
}

/** What is wrong, and where the owner can do something about it. */
export function TroubleText({ trouble: { kind, sentence, next } }: { trouble: Trouble }): VNode {
  return (
    <>
      <p>{sentence}</p>
      {next !== undefined && (
        <ButtonRow>
          <ButtonLink href={next.href} kind={kind === 'needs' ? 'main' : 'plain'}>
            {next.label}
          </ButtonLink>
        </ButtonRow>
      )}
    </>
  );
}
