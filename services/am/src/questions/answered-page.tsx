import { ButtonLink, ButtonRow, Layout, Notice } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { wayBack } from '../identity/way-back.ts';
import { type AskAnswer, isYes } from './answer.ts';
import type { OpenAsk } from './store.ts';

export interface AnsweredView {
  readonly ask: OpenAsk;
  readonly answer: AskAnswer;
  /** Whether the owner said yes to fewer scopes than were asked for. */
  readonly isForFewer: boolean;
}

const SENTENCES: Readonly<Record<AskAnswer, (name: string, what: string) => string>> = {
  once: (name, what) => `${name} may do ${what} once, within the next ten minutes.`,
  hour: (name, what) => `${name} may do ${what} for an hour without asking.`,
  always: (name, what) => `${name} may do ${what} from now on without asking.`,
  'not-now': (name) => `${name} was not allowed. If it tries again, you will be asked again.`,
  never: (name) => `${name} will be denied this from now on, without you being asked.`,
};

/** What the answer means, and a link back to the app. */
export function AnsweredPage({ ask, answer, isForFewer }: AnsweredView): VNode {
  const { clientName } = ask;
  const back = wayBack(ask);
  return (
    <Layout title="Answered">
      <Notice kind={isYes(answer) ? 'good' : 'plain'}>
        <p>{SENTENCES[answer](clientName, isForFewer ? 'what you ticked' : 'this')}</p>
        <p>{whatNext({ ask, answer, isForFewer })}</p>
      </Notice>
      <ButtonRow>
        {back !== null && <ButtonLink href={back}>Back to {clientName}</ButtonLink>}
        <ButtonLink href="/asks" kind="plain">
          Other questions
        </ButtonLink>
        <ButtonLink href={`/apps/${ask.connectionId}`} kind="plain">
          What {clientName} may do
        </ButtonLink>
      </ButtonRow>
    </Layout>
  );
}

function whatNext({ ask, answer, isForFewer }: AnsweredView): string {
  const { clientName, isWaitedFor } = ask;
  if (isForFewer) return `${clientName} hears that it may have less than it asked for, and has to ask for just that.`;
  if (isWaitedFor) return `${clientName} waits for your answer and goes on by itself: you can close this page.`;
  return isYes(answer) ? `Go back to ${clientName} and try again there.` : 'There is nothing else to do.';
}
