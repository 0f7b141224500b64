import { Card, Day, Empty, hrefAfter, Layout, Onward, type Part } from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import { EndedLinks } from '../linking/ended-links.tsx';
import type { EndedLink, EndedLinkKey } from '../linking/ended-links-store.ts';
import { LookAgain, Told } from '../links/revocation-status.tsx';
import type { EndedConnection, EndedConnectionKey } from './ended-store.ts';

export type EndsView =
  | { readonly kind: 'latest'; readonly connections: Part<EndedConnection>; readonly links: Part<EndedLink> }
  /** What ended before that, of one kind. */
  | { readonly kind: 'connections'; readonly after: EndedConnectionKey; readonly connections: Part<EndedConnection> }
  | { readonly kind: 'links'; readonly after: EndedLinkKey; readonly links: Part<EndedLink> };

/** Everything that ended lately, and which Hosts know. */
export function EndsPage({ view }: { view: EndsView }): VNode {
  return (
    <Layout
      title="What has ended"
      lead="Nothing of it can be obtained through here any more. Your Hosts are being told."
    >
      <Ends view={view} />
    </Layout>
  );
}

function Ends({ view }: { view: EndsView }): VNode {
  switch (view.kind) {
    case 'latest':
      if (view.connections.entries.length === 0 && view.links.entries.length === 0) return <Nothing />;
      return (
        <>
          <EndedConnections ended={view.connections} here="/ends" />
          <EndedLinks ended={view.links} here="/ends" />
        </>
      );
    case 'connections':
      if (view.connections.entries.length === 0) return <NothingMore />;
      return <EndedConnections ended={view.connections} here="/ends" after={view.after} />;
    case 'links':
      if (view.links.entries.length === 0) return <NothingMore />;
      return <EndedLinks ended={view.links} here="/ends" after={view.after} />;
  }
}

function Nothing(): VNode {
  return (
    <Empty title="Nothing">
      <p>What you stop is listed here for a week, or until every Host has confirmed it.</p>
    </Empty>
  );
}

function NothingMore(): VNode {
  return (
    <Empty title="Nothing earlier">
      <p>
        <a href="/ends">Back to the beginning</a>
      </p>
    </Empty>
  );
}

/** Of one connection in the list; its own page has them all. */
const HOSTS_SHOWN = 10;

interface EndedConnectionsView {
  readonly ended: Part<EndedConnection>;
  /** The page it is on. */
  readonly here: string;
  readonly after?: EndedConnectionKey | null;
}

/** Connections that are over, and whether their Hosts know. */
export function EndedConnections({ ended, here, after = null }: EndedConnectionsView): VNode | null {
  if (ended.entries.length === 0) return null;
  return (
    <Card title="Ended">
      <ul class="list" role="list">
        {ended.entries.map(({ id, clientName, endedAt, hosts }) => (
          <li key={id}>
            <strong>{clientName}</strong>, ended <Day date={endedAt.toISOString().slice(0, 10)} />.{' '}
            {hosts.length === 0 ? 'No Host had to be told.' : 'It can obtain nothing any more.'}
            <ul>
              {hosts.slice(0, HOSTS_SHOWN).map((host) => (
                <Told host={host} />
              ))}
              {hosts.length > HOSTS_SHOWN && (
                <li>
                  <a href={`/requesters/${id}`}>All {hosts.length} Hosts that are told</a>
                </li>
              )}
            </ul>
          </li>
        ))}
      </ul>
      <LookAgain
        href={hrefAfter(here, { name: 'connections', after })}
        hosts={ended.entries.flatMap(({ hosts }) => hosts)}
      />
      <Onward path="/ends" name="connections" after={after} next={ended.next}>
        Ended earlier
      </Onward>
    </Card>
  );
}
