import { LIFETIME } from '@chatelaine/protocol';
import { Button, Card, Form, Layout, Notice } from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import type { EndedConnection, OwnConnection, ShownHost } from './store.ts';

export interface RequestersView {
  readonly connections: readonly OwnConnection[];
  readonly ended: readonly EndedConnection[];
}

/** Who may ask for what of the owner's, and what became of those who no longer may. */
export function RequestersPage({ connections, ended }: RequestersView): VNode {
  return (
    <Layout title="My Requesters">
      {connections.length === 0 && (
        <p>
          None is connected. A Requester is an app or service that wants to use what you have at your Hosts. Connecting
          starts there: choose “connect my authorization manager” in the app and enter the address of this page’s site.
        </p>
      )}
      {connections.map((connection) => (
        <ConnectionCard key={connection.id} connection={connection} />
      ))}
      {ended.length > 0 && (
        <Card title="Ended">
          <ul class="list">
            {ended.map((one) => (
              <EndedItem key={one.id} ended={one} />
            ))}
          </ul>
        </Card>
      )}
      <Card title="Stop everything">
        <p>
          Ends every connection and every link you have here, at once. Requesters lose their access; your data stays
          where it is.
        </p>
        <Form action="/stop-everything">
          <Button kind="danger">Stop everything</Button>
        </Form>
      </Card>
    </Layout>
  );
}

function ConnectionCard({ connection }: { connection: OwnConnection }): VNode {
  const { id, clientName, clientId, since, until, hosts } = connection;
  return (
    <Card title={clientName}>
      <dl>
        <dt>Identified by</dt>
        <dd>{identityOf(clientId)}</dd>
        <dt>Connected since</dt>
        <dd>{day(since)}</dd>
        <dt>Until</dt>
        <dd>{until === null ? 'you stop it' : day(until)}</dd>
        {hosts.map((host) => (
          <HostEntry host={host} />
        ))}
      </dl>
      {hosts.length === 0 && <p>It is shown none of your Hosts.</p>}
      <div class="row">
        <Form action={`/requesters/${id}/stop`}>
          <Button kind="danger">Stop {clientName}</Button>
        </Form>
      </div>
    </Card>
  );
}

const EFFECTS = { allow: 'without asking', ask: 'asks you first', deny: 'never' } as const;

function HostEntry({ host }: { host: ShownHost }): VNode {
  return (
    <>
      <dt>{host.hostName}</dt>
      <dd>
        {host.label}
        {host.linkState !== 'active' && <span class="tag bad">link {host.linkState}</span>}
        <ul>
          {host.scopes.map(({ scope, sentence, effect }) => (
            <li key={scope}>
              {sentence} <span class="tag">{EFFECTS[effect]}</span>
            </li>
          ))}
        </ul>
      </dd>
    </>
  );
}

function EndedItem({ ended }: { ended: EndedConnection }): VNode {
  return (
    <li>
      <strong>{ended.clientName}</strong>, ended {day(ended.endedAt)}.{' '}
      {ended.hosts.length === 0 ? 'No Host had to be told.' : 'It can obtain nothing any more.'}
      <ul>
        {ended.hosts.map((host) => (
          <li>{told(host)}</li>
        ))}
      </ul>
    </li>
  );
}

function told({ hostName, state, attempts }: EndedConnection['hosts'][number]): VNode {
  const minutes = Math.ceil(LIFETIME.hostAccessToken / 60);
  switch (state) {
    case 'confirmed':
      return (
        <>
          {hostName} <span class="tag good">confirmed</span>
        </>
      );
    case 'pending':
      return (
        <>
          {hostName} <span class="tag">{attempts === 0 ? 'being told' : `still trying, ${attempts} tries`}</span> What
          it still has there ends within {minutes} minutes in any case.
        </>
      );
    case 'failed':
      return (
        <>
          {hostName} <span class="tag bad">failed</span> It could not be told in a week. Its tokens have expired since;
          to be sure, look at {hostName} who may use your data there.
        </>
      );
  }
}

/** A stopped everything, in a sentence. */
export function StoppedPage({ connections, links }: { connections: number; links: number }): VNode {
  return (
    <Layout title="Everything is stopped">
      <Notice kind="good">
        {connections} {connections === 1 ? 'connection' : 'connections'} and {links} {links === 1 ? 'link' : 'links'}{' '}
        have ended. Nothing can be obtained through this service any more. Your Hosts are being told; see{' '}
        <a href="/hosts">Hosts</a> and <a href="/requesters">Requesters</a> for who has confirmed it.
      </Notice>
    </Layout>
  );
}

/** Who vouches for the name: the site that publishes the client's document, or nobody. */
function identityOf(clientId: string): string {
  const url = URL.parse(clientId);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:')
    ? url.host
    : 'its own word only (it registered itself)';
}

const day = (date: Date): VNode => <time dateTime={date.toISOString()}>{date.toISOString().slice(0, 10)}</time>;
