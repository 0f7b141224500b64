import { Address, Button, ButtonLink, ButtonRow, Card, Facts, Form, Layout, Moment } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { hostNameOf } from './asked-store.ts';
import { EVERYTHING, hrefOf } from './filter.ts';
import { type Remedy, reasonOf } from './reasons.ts';
import { askedSentence } from './sentences.ts';
import { RuleInWords } from './rule-in-words.tsx';
import type { Explained } from './why-store.ts';

/** Why an app got a token or did not, and what its owner can do about it. */
export function WhyPage({ explained }: { explained: Explained }): VNode {
  const { asked, answeredAt, isConnected, rules } = explained;
  const { sentence, remedy } = reasonOf(explained);
  const { clientId, clientName, link, resource, scopes, sentences, error } = asked;
  const hostName = hostNameOf(asked);
  return (
    <Layout title="Why?" lead={askedSentence(asked)}>
      <Card title={asked.state === 'minted' ? 'Why it got one' : 'Why it got none'}>
        <p>{sentence}</p>
        {remedy !== null && <RemedyAction remedy={remedy} hostName={hostName} />}
      </Card>
      <Card title="What was asked">
        <Facts
          facts={[
            ['When', <Moment at={asked.at.getTime() / 1000} />],
            [
              'App',
              isConnected ? <a href={`/apps/${asked.connectionId}`}>{clientName}</a> : `${clientName}, stopped since`,
            ],
            [
              'Identified by',
              <code>
                <Address>{clientId}</Address>
              </code>,
            ],
            ['Service', link?.hostName],
            ['Account', link?.label],
            ['For', scopes.map((scope, index) => `${sentences[index] ?? scope} (${scope})`).join(', ')],
            [
              'At',
              <code>
                <Address>{resource}</Address>
              </code>,
            ],
            ['Bound to', asked.bearer ? 'no key: it fits anybody' : 'a key of the app’s own'],
            ['By your rule', rules.length === 0 ? null : <Rules of={explained} />],
            ['You said yes', answeredAt && <Moment at={answeredAt.getTime() / 1000} />],
            ['Answered', explained.closedAt && <Moment at={explained.closedAt.getTime() / 1000} />],
            ['Since then', explained.end && <SinceThen of={explained} end={explained.end} />],
          ]}
        />
        <details>
          <summary>For whoever runs this server</summary>
          <Facts
            facts={[
              ['Request', asked.requestId && <code>{asked.requestId}</code>],
              ['Its number', <code>{asked.id}</code>],
              ['Version of the rules', <code>{explained.policyVersion}</code>],
              ['Rules', rules.length === 0 ? null : <code>{rules.map(({ id }) => id).join(' ')}</code>],
              ['Outcome', <code>{asked.state}</code>],
              ['Error', error && <code>{error}</code>],
            ]}
          />
        </details>
      </Card>
      <ButtonRow>
        <ButtonLink
          kind="plain"
          href={hrefOf('/timeline', { ...EVERYTHING, app: clientId, service: link?.hostId ?? null })}
        >
          All that {clientName} asked{link === null ? '' : ` of ${link.hostName}`}
        </ButtonLink>
        <ButtonLink kind="plain" href="/timeline">
          All activity
        </ButtonLink>
      </ButtonRow>
    </Layout>
  );
}

/** A single rule is shown as a sentence, several as a list. */
function Rules({ of: { asked, rules } }: { of: Explained }): VNode {
  const sentenceOf = (scope: string | null): string | null => {
    const index = scope === null ? -1 : asked.scopes.indexOf(scope);
    return index < 0 ? null : (asked.sentences[index] ?? scope);
  };
  const [only, ...others] = rules;
  if (only !== undefined && others.length === 0) return <RuleInWords rule={only} about={sentenceOf(only.scope)} />;
  return (
    <ul>
      {rules.map((rule) => (
        <li key={rule.id}>
          <RuleInWords rule={rule} about={sentenceOf(rule.scope)} />
        </li>
      ))}
    </ul>
  );
}

function SinceThen({ of: { asked, isConnected }, end }: { of: Explained; end: NonNullable<Explained['end']> }): VNode {
  const hostName = hostNameOf(asked);
  const what = isConnected ? `“${asked.link?.label ?? hostName}” was stopped` : `${asked.clientName} was stopped`;
  switch (end.state) {
    case 'confirmed':
      return (
        <>
          {what}; {hostName} confirmed it
          {end.confirmedAt !== null && (
            <>
              {' '}
              on <Moment at={end.confirmedAt.getTime() / 1000} />
            </>
          )}
        </>
      );
    case 'pending':
      return (
        <>
          {what}; {hostName} has yet to confirm it. <a href="/ends">How it stands</a>
        </>
      );
    case 'failed':
      return (
        <>
          {what}; {hostName} could not be told. <a href="/ends">What to do</a>
        </>
      );
  }
}

function RemedyAction({ remedy, hostName }: { remedy: Remedy; hostName: string }): VNode {
  switch (remedy.kind) {
    case 'repair':
      return (
        <Form action={`/hosts/${remedy.linkId}/repair`}>
          <Button>Link {hostName} anew</Button>
        </Form>
      );
    case 'test':
      return (
        <Form action={`/hosts/${remedy.linkId}/test`}>
          <Button>Test {hostName}</Button>
        </Form>
      );
    case 'page':
      return (
        <ButtonRow>
          <ButtonLink href={remedy.href}>{remedy.words}</ButtonLink>
        </ButtonRow>
      );
    case 'there':
      return (
        <p>
          <a href={remedy.href} rel="noreferrer">
            {remedy.words}
          </a>
        </p>
      );
  }
}
