import { Badge, Button, ButtonLink, Card, Day, Empty, Facts, Form, Layout, List, Row } from '@chatelaine/service-kit';
import type { ComponentChild, VNode } from 'preact';
import { EndedLinks } from '../hosts/hosts-page.tsx';
import type { EndedLink } from '../hosts/hosts-store.ts';
import { LookAgain, Told } from '../hosts/told.tsx';
import { whoFacts } from '../identity/who.tsx';
import { StopConnection } from './stop-connection.tsx';
import type { EndedConnection, OwnConnection, ShownHost } from './store.ts';

export interface RequestersView {
  /** The AM's address, for those who do not know how to begin. */
  readonly issuer: string;
  readonly connections: readonly OwnConnection[];
  readonly ended: readonly EndedConnection[];
}

/** Who may ask for what of the owner's, and what became of those who no longer may. */
export function RequestersPage({ issuer, connections, ended }: RequestersView): VNode {
  return (
    <Layout title="My Requesters" lead="The apps and services that may ask here for what you have at your Hosts.">
      {connections.length === 0 && <NoRequesters issuer={issuer} />}
      {connections.map((connection) => (
        <ConnectionCard key={connection.id} connection={connection} />
      ))}
      <EndedConnections ended={ended} />
      <Card title="Stop everything">
        <p>For when you want to be sure, or something is wrong: one button that ends all of it.</p>
        <details>
          <summary>Stop everything</summary>
          <p>
            Ends every connection and every link you have here, at once. Requesters lose their access; your Hosts are
            told; your data stays where it is. To go on afterwards, you add each Host and connect each Requester again.
          </p>
          <Form action="/stop-everything">
            <Button kind="danger">Stop everything now</Button>
          </Form>
        </details>
      </Card>
    </Layout>
  );
}

function NoRequesters({ issuer }: { issuer: string }): VNode {
  return (
    <Empty title="None is connected">
      <p>
        A Requester is an app or service that wants to use what you have at your Hosts. Connecting starts there: choose
        “connect my authorization manager” in the app and enter this address:
      </p>
      <p>
        <code>{issuer}</code>
      </p>
      <p>You then choose here what it may ask for, and it is listed on this page.</p>
    </Empty>
  );
}

/** What is known of a Requester. */
export function factsOf(connection: OwnConnection): (readonly [string, ComponentChild])[] {
  const { since, until, resource } = connection;
  return [
    ...whoFacts(connection),
    ...(resource === null ? [] : [['For this alone', resource] as const]),
    ['Connected since', <Day date={since.toISOString().slice(0, 10)} />],
    ['Until', until === null ? 'you stop it' : <Day date={until.toISOString().slice(0, 10)} />],
  ];
}

function ConnectionCard({ connection }: { connection: OwnConnection }): VNode {
  const { id, clientName, hosts } = connection;
  return (
    <Card
      title={clientName}
      aside={
        <ButtonLink href={`/requesters/${id}`} kind="plain">
          Change<span class="unseen"> {clientName}</span>
        </ButtonLink>
      }
    >
      <Facts facts={factsOf(connection)} />
      {hosts.length === 0 ? (
        <p>It is shown none of your Hosts.</p>
      ) : (
        <List>
          {hosts.map((host) => (
            <Row
              key={host.linkId}
              title={`${host.hostName}: ${host.label}`}
              note={summaryOf(host)}
              aside={host.linkState === 'active' ? undefined : <Badge kind="bad">link {host.linkState}</Badge>}
            />
          ))}
        </List>
      )}
      <StopConnection connection={connection} />
    </Card>
  );
}

const EFFECTS = [
  { effect: 'allow', says: 'Without asking' },
  { effect: 'ask', says: 'Asks you first' },
  { effect: 'deny', says: 'Never' },
] as const;

function summaryOf({ scopes }: ShownHost): string {
  return EFFECTS.flatMap(({ effect, says }) => {
    const sentences = scopes.filter((one) => one.effect === effect).map(({ sentence }) => sentence);
    return sentences.length === 0 ? [] : [`${says}: ${sentences.join(', ')}.`];
  }).join(' ');
}

function EndedConnections({ ended }: { ended: readonly EndedConnection[] }): VNode | null {
  if (ended.length === 0) return null;
  return (
    <Card title="Ended">
      <ul class="list" role="list">
        {ended.map(({ id, clientName, endedAt, hosts }) => (
          <li key={id}>
            <strong>{clientName}</strong>, ended <Day date={endedAt.toISOString().slice(0, 10)} />.{' '}
            {hosts.length === 0 ? 'No Host had to be told.' : 'It can obtain nothing any more.'}
            <ul>
              {hosts.map((host) => (
                <Told host={host} />
              ))}
            </ul>
          </li>
        ))}
      </ul>
      <LookAgain href="/requesters" hosts={ended.flatMap(({ hosts }) => hosts)} />
    </Card>
  );
}

/** Everything that ended lately, and which Hosts know. */
export function EndsPage({
  connections,
  links,
}: {
  connections: readonly EndedConnection[];
  links: readonly EndedLink[];
}): VNode {
  return (
    <Layout
      title="What has ended"
      lead="Nothing of it can be obtained through here any more. Your Hosts are being told."
    >
      {connections.length === 0 && links.length === 0 && (
        <Empty title="Nothing">
          <p>What you stop is listed here for a week, or until every Host has confirmed it.</p>
        </Empty>
      )}
      <EndedConnections ended={connections} />
      <EndedLinks ended={links} />
    </Layout>
  );
}
