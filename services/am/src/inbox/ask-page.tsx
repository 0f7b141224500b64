import { Button, ButtonLink, Card, Form, Layout } from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import type { AskAnswer, OpenAsk } from './store.ts';

/** One question to the owner, with the four answers there are. */
export function AskPage({ ask }: { ask: OpenAsk }): VNode {
  return (
    <Layout title={`May ${ask.clientName} do this?`}>
      <Card title={`At ${ask.hostName}: ${ask.label}`}>
        <ul>
          {ask.scopes.map(({ scope, sentence }) => (
            <li key={scope}>
              {sentence} <small>({scope})</small>
            </li>
          ))}
        </ul>
        {ask.purpose !== null && (
          <p>
            {ask.clientName} says it is for: <q>{ask.purpose}</q>
          </p>
        )}
      </Card>
      <Form action={`/asks/${ask.id}`}>
        <p class="row">
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
        </p>
      </Form>
      <p>
        <small>
          "Allow once" is good for one token within the next ten minutes. You can change or stop this at any time under{' '}
          <a href="/requesters">My Requesters</a>.
        </small>
      </p>
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
      <p>{SENTENCES[answer](ask.clientName)}</p>
      <p class="row">
        <ButtonLink href="/" kind="plain">
          To the front page
        </ButtonLink>
      </p>
    </Layout>
  );
}
