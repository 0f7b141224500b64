import { Card, Day, Empty, hrefAfter, Layout, Live, Onward, type Part } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { EndedLinks } from '../linking/ended-links.tsx';
import type { EndedLink, EndedLinkKey } from '../linking/ended-links-store.ts';
import { LookAgain, RevocationStatus } from '../links/revocation-status.tsx';
import type { EndedApp, EndedAppKey } from './ended-store.ts';

export type EndsView =
  | { readonly kind: 'latest'; readonly apps: Part<EndedApp>; readonly links: Part<EndedLink> }
  /** A further page of one kind; `after` is where the page before ended. */
  | { readonly kind: 'apps'; readonly after: EndedAppKey; readonly apps: Part<EndedApp> }
  | { readonly kind: 'links'; readonly after: EndedLinkKey; readonly links: Part<EndedLink> };

/** Everything that has ended recently, and which Hosts have confirmed it. */
export function EndsPage({ view }: { view: EndsView }): VNode {
  return (
    <Layout
      title="What has ended"
      lead="Nothing can be obtained any more through what is listed here. Your services are being told."
    >
      <Live id="told" waits={waits(view)}>
        <Ends view={view} />
      </Live>
    </Layout>
  );
}

function waits(view: EndsView): boolean {
  const apps = view.kind === 'links' ? [] : view.apps.entries.flatMap(({ hosts }) => hosts);
  const links = view.kind === 'apps' ? [] : view.links.entries.map(({ host }) => host);
  return [...apps, ...links].some(({ state }) => state === 'pending');
}

function Ends({ view }: { view: EndsView }): VNode {
  switch (view.kind) {
    case 'latest':
      if (view.apps.entries.length === 0 && view.links.entries.length === 0) return <Nothing />;
      return (
        <>
          <EndedApps ended={view.apps} here="/ends" />
          <EndedLinks ended={view.links} here="/ends" />
        </>
      );
    case 'apps':
      if (view.apps.entries.length === 0) return <NothingMore />;
      return <EndedApps ended={view.apps} here="/ends" after={view.after} />;
    case 'links':
      if (view.links.entries.length === 0) return <NothingMore />;
      return <EndedLinks ended={view.links} here="/ends" after={view.after} />;
  }
}

function Nothing(): VNode {
  return (
    <Empty title="Nothing">
      <p>What you stop is listed here for a week, or until every service has confirmed it.</p>
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

/** How many Hosts the list names for one app; the app's own page names all. */
const HOSTS_SHOWN = 10;

interface EndedAppsView {
  readonly ended: Part<EndedApp>;
  /** The address of the page that shows the list. */
  readonly here: string;
  readonly after?: EndedAppKey | null;
}

/** Apps that were stopped or lost a connection, and whether their Hosts have confirmed it. */
export function EndedApps({ ended, here, after = null }: EndedAppsView): VNode | null {
  if (ended.entries.length === 0) return null;
  return (
    <Card title="Ended">
      <ul class="list" role="list">
        {ended.entries.map((app) => (
          <li key={app.id}>
            <a href={`/apps/${app.id}`}>
              <strong>{app.clientName}</strong>
            </a>
            , {whatEnded(app)} <Day date={app.endedAt.toISOString().slice(0, 10)} />. {whatIsLeft(app)}
            <ul>
              {app.hosts.slice(0, HOSTS_SHOWN).map((host) => (
                <RevocationStatus host={host} />
              ))}
              {app.hosts.length > HOSTS_SHOWN && (
                <li>
                  <a href={`/apps/${app.id}`}>All {app.hosts.length} services that are told</a>
                </li>
              )}
            </ul>
          </li>
        ))}
      </ul>
      <LookAgain href={hrefAfter(here, { name: 'apps', after })} hosts={ended.entries.flatMap(({ hosts }) => hosts)} />
      <Onward path="/ends" name="apps" after={after} next={ended.next}>
        Ended earlier
      </Onward>
    </Card>
  );
}

function whatEnded({ live, together }: EndedApp): string {
  if (live === 0) return 'ended';
  return together === 1 ? 'one connection ended' : `${together} connections ended`;
}

function whatIsLeft({ live, hosts }: EndedApp): string {
  if (live > 0) return live === 1 ? 'Another one of it goes on.' : `${live} others of it go on.`;
  return hosts.length === 0 ? 'No service had to be told.' : 'It can obtain nothing any more.';
}
