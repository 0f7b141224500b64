import {
  Badge,
  Button,
  ButtonLink,
  Card,
  Day,
  Empty,
  Facts,
  Form,
  Layout,
  List,
  Onward,
  type Part,
  Row,
} from '@chatelaine/service-kit';
import type { ComponentChild, VNode } from 'preact';
import { whoFacts } from '../identity/who.tsx';
import { EndedConnections } from './ends-page.tsx';
import type { EndedConnection } from './ended-store.ts';
import type { ConnectionKey, OwnConnection, ShownHost } from './live-store.ts';
import { StopConnection } from './stop-connection.tsx';

export interface RequestersView {
  /** The AM's address, for those who do not know how to begin. */
  readonly issuer: string;
  /** After which connection this page begins; null for the first page. */
  readonly after: ConnectionKey | null;
  readonly connections: Part<OwnConnection>;
  /** Null on all pages but the first. */
  readonly ended: Part<EndedConnection> | null;
}

/** Who may ask for what of the owner's, and what became of those who no longer may. */
export function RequestersPage({ issuer, after, connections, ended }: RequestersView): VNode {
  return (
    <Layout title="My Requesters" lead="The apps and services that may ask here for what you have at your Hosts.">
      {connections.entries.length === 0 && (after === null ? <NoRequesters issuer={issuer} /> : <NoMore />)}
      {connections.entries.map((connection) => (
        <ConnectionCard key={connection.id} connection={connection} />
      ))}
      <Onward path="/requesters" name="after" after={after} next={connections.next}>
        Older ones
      </Onward>
      {ended !== null && <EndedConnections ended={ended} here="/requesters" />}
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

function NoMore(): VNode {
  return (
    <Empty title="No older ones">
      <p>What was listed here is connected no more.</p>
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

/** Of one connection in the list; its own page has them all. */
const HOSTS_SHOWN = 10;

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
          {hosts.slice(0, HOSTS_SHOWN).map((host) => (
            <Row
              key={host.linkId}
              title={`${host.hostName}: ${host.label}`}
              note={summaryOf(host)}
              aside={host.linkState === 'active' ? undefined : <Badge kind="bad">link {host.linkState}</Badge>}
            />
          ))}
          {hosts.length > HOSTS_SHOWN && (
            <Row title={<a href={`/requesters/${id}`}>All {hosts.length} Hosts that it is shown</a>} />
          )}
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
