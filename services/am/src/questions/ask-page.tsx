import { Button, ButtonLink, ButtonRow, Card, Facts, Form, Hidden, Layout, Notice } from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import { whoFacts } from '../identity/who.tsx';
import { shownOf } from './shown.ts';
import type { AskAnswer, OpenAsk } from './store.ts';

/** One question to the owner, with the four answers there are. */
export function AskPage({ ask, problem }: { ask: OpenAsk; problem?: string | undefined }): VNode {
  return (
    <Layout
      title={`May ${ask.clientName} do this?`}
      lead={`You wanted to be asked. ${ask.clientName} waits for your answer and has got nothing yet.`}
    >
      {problem !== undefined && <Notice kind="bad">{problem}</Notice>}
      <Card title="Who asks">
        <Facts facts={whoFacts(ask)} />
      </Card>
      <Card title="What it wants">
        <Facts
          facts={[
            [
              'To',
              <ul>
                {ask.scopes.map(({ scope, sentence }) => (
                  <li key={scope}>
                    {sentence} <small>({scope})</small>
                  </li>
                ))}
              </ul>,
            ],
            ['At', `${ask.hostName}: ${ask.label}`],
            ['It says it is for', ask.purpose === null ? null : <q>{ask.purpose}</q>],
          ]}
        />
      </Card>
      <Card title="Your answer">
        <Form action={`/asks/${ask.id}`}>
          <Hidden fields={{ shown: shownOf(ask) }} />
          <ButtonRow>
            <Button name="answer" value="once">
              Allow once
            </Button>
            <Button name="answer" value="always" kind="plain">
              Always allow
            </Button>
            <Button name="answer" value="not-now" kind="plain">
              Not now
            </Button>
            <Button name="answer" value="never" kind="danger">
              Deny and don't ask again
            </Button>
          </ButtonRow>
        </Form>
        <p>
          <small>
            “Allow once” is good for one key within the next ten minutes; “Not now” only answers this question. “Always”
            and “don’t ask again” hold from now on, until you change them under <a href="/requesters">My Requesters</a>.
          </small>
        </p>
      </Card>
    </Layout>
  );
}

const SENTENCES: Readonly<Record<AskAnswer, (name: string) => string>> = {
  once: (name) => `${name} may do this once, within the next ten minutes. Go back to it and try again.`,
  always: (name) => `${name} may do this from now on without asking. Go back to it and try again.`,
  'not-now': (name) => `${name} was not allowed. If it tries again, you will be asked again.`,
  never: (name) => `${name} will be denied this from now on, without you being asked.`,
};

export function AnsweredPage({ ask, answer }: { ask: OpenAsk; answer: AskAnswer }): VNode {
  return (
    <Layout title="Answered">
      <Notice kind={answer === 'once' || answer === 'always' ? 'good' : 'plain'}>
        <p>{SENTENCES[answer](ask.clientName)}</p>
      </Notice>
      <ButtonRow>
        <ButtonLink href="/asks" kind="plain">
          Other questions
        </ButtonLink>
        <ButtonLink href={`/requesters/${ask.connectionId}`} kind="plain">
          What {ask.clientName} may do
        </ButtonLink>
      </ButtonRow>
    </Layout>
  );
}
