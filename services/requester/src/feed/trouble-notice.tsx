import { ButtonLink, ButtonRow } from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import type { Trouble } from './trouble.ts';

export const STATE = { needs: 'needs you', denied: 'not allowed', bad: 'not reached' } as const;
export const TONE = { needs: 'needs', denied: 'plain', bad: 'bad' } as const;

/** What is wrong, and where something can be done about it. */
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
