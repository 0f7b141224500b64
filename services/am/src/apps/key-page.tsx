import { Badge, Button, ButtonLink, ButtonRow, Card, Form, Hidden, Layout, List, Notice, Row } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { isOwnName, whoInShort } from '../identity/who.tsx';
import type { Effect } from '../rules/rule.ts';
import { ruleHref } from '../rules/rule-href.ts';
import type { AppAccount, OwnApp } from './app-store.ts';
import { cellOf } from './board-store.ts';
import { ANSWERS, SHOWN_FIELD, shownOf } from './rules-form.ts';

/** The page on which an owner changes what an app may do at one service. */
export const keyHref = (appId: string, hostId: string): string => `/apps/${encodeURIComponent(appId)}/at/${hostId}`;

export interface KeyView {
  readonly app: OwnApp;
  readonly hostId: string;
  /** The app's accounts at that service; at least one. */
  readonly accounts: readonly AppAccount[];
  readonly saved: 'saved' | null;
}

const WORDS: Readonly<Record<Effect | 'mixed', string>> = {
  allow: 'Allow',
  ask: 'Ask',
  deny: 'Never',
  mixed: 'different answers',
};
const TONES = { allow: 'good', ask: 'needs', deny: 'bad', mixed: 'plain' } as const;

/** One cell of the board: what an app may do at one service, with a button for each answer. */
export function KeyPage({ app, hostId, accounts, saved }: KeyView): VNode {
  const { id, clientName } = app;
  const hostName = accounts[0]?.hostName ?? '';
  const { answer } = cellOf(accounts);
  const who = `${isOwnName(app) ? `calls itself ${app.selfName}, ` : ''}${whoInShort(app)}`;
  return (
    <Layout
      title={`${clientName} at ${hostName}`}
      lead={`What this app (${who}) may do there. One press changes all of it.`}
    >
      {saved === 'saved' && (
        <Notice kind="good">
          <p>Saved. It holds from now on, for every key that {clientName} asks for.</p>
        </Notice>
      )}
      <Card title="Everything it may ask for there" aside={<Badge kind={TONES[answer]}>{WORDS[answer]}</Badge>}>
        <Form action={keyHref(id, hostId)}>
          <Hidden fields={{ [SHOWN_FIELD]: shownOf({ accounts }) }} />
          <ButtonRow>
            {ANSWERS.map(({ value, label }) => (
              <Button key={value} kind={value === answer ? 'main' : 'plain'} name="answer" value={value}>
                {label}
              </Button>
            ))}
          </ButtonRow>
        </Form>
      </Card>
      {accounts.map(({ linkId, label, scopes }) => (
        <Card key={linkId} title={label}>
          <List>
            {scopes.map(({ scope, sentence, effect }) => (
              <Row
                key={scope}
                title={sentence}
                note={scope}
                aside={
                  <>
                    <Badge kind={TONES[effect ?? 'mixed']}>{WORDS[effect ?? 'mixed']}</Badge>{' '}
                    <a href={ruleHref({ appId: id, linkId, scope })}>
                      Only this, until when, how often<span class="unseen">: {sentence}</span>
                    </a>
                  </>
                }
              />
            ))}
          </List>
        </Card>
      ))}
      <ButtonRow>
        <ButtonLink kind="plain" href="/#keys">
          Back to all keys
        </ButtonLink>
        <ButtonLink kind="plain" href={`/apps/${id}`}>
          All about {clientName}
        </ButtonLink>
      </ButtonRow>
    </Layout>
  );
}
