import { Button, ButtonRow, Card, Choice, Choices, Form, Hidden, Layout, Notice } from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { ServedTerms } from '../deps.ts';
import { iconField } from '../identity/icon-field.ts';
import { isOwnName } from '../identity/who.tsx';
import { WhoCard } from '../identity/who-card.tsx';
import type { AskHistory } from './history-store.ts';
import { historyWords } from './history-words.ts';
import { shownOf } from './shown.ts';
import type { OpenAsk } from './store.ts';

export interface AskView {
  readonly ask: OpenAsk;
  readonly history: AskHistory;
  /** The terms that the app has signed; null if there are none. */
  readonly signed: ServedTerms | null;
  /** Scopes that were checked when the form was sent; null or missing before that. */
  readonly chosen?: readonly string[] | undefined;
  readonly problem?: string | undefined;
}

/** After this many "not now" in a week, the page says how to avoid being asked again. */
const OFTEN = 3;

/** The checkbox of a scope in the form. */
export const scopeField = (scope: string): string => `scope:${scope}`;

/** One question to the owner, with the possible answers. */
export function AskPage(view: AskView): VNode {
  const { ask, problem } = view;
  const { clientName, selfName, hostName, label } = ask;
  const who = isOwnName(ask) ? `${clientName} · calls itself ${selfName} ·` : clientName;
  return (
    <Layout
      title={titleOf(ask)}
      lead={
        `${who} asks for this at ${hostName}, for your account “${label}”. ` +
        'You wanted to be asked; it has got nothing yet.'
      }
    >
      {problem !== undefined && <Notice kind="bad">{problem}</Notice>}
      <Card title="What it wants">
        <WhatFor {...view} />
        <Form action={`/asks/${ask.id}`}>
          <Hidden fields={{ shown: shownOf(ask), ...iconField(ask.iconId) }} />
          <Scopes {...view} />
          <Answers ask={ask} />
        </Form>
      </Card>
      <WhoCard who={ask} />
    </Layout>
  );
}

function titleOf({ clientName, scopes }: OpenAsk): string {
  const [first] = scopes;
  if (first === undefined || scopes.length > 1) return `May ${clientName} have these ${scopes.length} things?`;
  return `May ${clientName} do this: “${first.sentence}”?`;
}

function WhatFor({ ask, history, signed }: AskView): VNode {
  return (
    <>
      <p>
        {ask.purpose === null ? (
          `${ask.clientName} does not say what for.`
        ) : (
          <>
            It says it is for: <q>{ask.purpose}</q>
          </>
        )}
      </p>
      {signed !== null && (
        <p>
          It has signed your terms:{' '}
          <a href={`/terms/${signed.name}`}>
            {signed.document.title} {signed.document.version}
          </a>
          .
        </p>
      )}
      <p>
        <small>{historyWords(history)}</small>
      </p>
      {history.notNow >= OFTEN && (
        <Notice kind="needs">
          You have said “not now” to this {history.notNow} times this week. “Never”, below, ends the asking.
        </Notice>
      )}
    </>
  );
}

function Scopes({ ask: { scopes }, chosen }: AskView): VNode {
  if (scopes.length === 1)
    return (
      <ul>
        {scopes.map(({ scope, sentence }) => (
          <li key={scope}>
            {sentence} <small>({scope})</small>
          </li>
        ))}
      </ul>
    );
  return (
    <Choices legend="A yes is for what is ticked">
      {scopes.map(({ scope, sentence }) => (
        <Choice
          key={scope}
          kind="checkbox"
          name={scopeField(scope)}
          value="yes"
          checked={chosen?.includes(scope) ?? true}
        >
          {sentence} <small>({scope})</small>
        </Choice>
      ))}
    </Choices>
  );
}

function Answers({ ask: { clientName } }: { ask: OpenAsk }): VNode {
  return (
    <>
      <ButtonRow>
        <Button name="answer" value="once">
          Once
        </Button>
        <Button name="answer" value="hour" kind="plain">
          For 1 hour
        </Button>
        <Button name="answer" value="always" kind="plain">
          Always
        </Button>
        <Button name="answer" value="not-now" kind="plain">
          Not now
        </Button>
      </ButtonRow>
      <p>
        <small>
          “Once” is good for one key within the next ten minutes. “Always” holds until you change it under{' '}
          <a href="/apps">My apps</a>. “Not now” only answers this question. Should your account there or the terms that
          it has signed change, you are asked again, whatever you allow here.
        </small>
      </p>
      <details>
        <summary>Never, or block this app</summary>
        <p>
          “Never” denies it this from now on, without asking you. To block {clientName} ends everything it has through
          here, at all your services and at once; it comes back only if you connect it again yourself.
        </p>
        <ButtonRow>
          <Button name="answer" value="never" kind="quiet">
            Never
          </Button>
          <Button name="answer" value="block" kind="danger">
            Block this app
          </Button>
        </ButtonRow>
      </details>
    </>
  );
}
