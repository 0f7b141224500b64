import { ButtonLink, ButtonRow, Day, Empty, Layout, Steps } from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { FeedEntry } from './read-feed.ts';

export function EntryList({ entries }: { entries: readonly FeedEntry[] }): VNode {
  return (
    <ol class="stream" role="list">
      {entries.map((entry) => (
        <Entry key={`${entry.source.connectionId} ${entry.source.resource} ${entry.id}`} entry={entry} />
      ))}
    </ol>
  );
}

function Entry({ entry }: { entry: FeedEntry }): VNode {
  const { text, date, source, picture } = entry;
  return (
    <li class="card">
      <p>{text}</p>
      {picture !== undefined && picture !== null && (
        <img class="shot" src={pictureHref(entry)} alt={`Picture at ${source.name}`} loading="lazy" />
      )}
      <small>
        {source.name} ({source.account}) · <Day date={new Date(date).toISOString().slice(0, 10)} />
      </small>
    </li>
  );
}

/** At our own origin: the browser has no token for the Host, and the page loads nothing from elsewhere. */
function pictureHref({ id, source: { connectionId, resource } }: FeedEntry): string {
  return `/picture?${new URLSearchParams({ connection: connectionId, resource, entry: id }).toString()}`;
}

export function NothingYet({ asked, troubles }: { asked: number; troubles: number }): VNode {
  return (
    <Empty title="Nothing to show yet">
      {asked === 0 && troubles === 0 ? (
        <p>
          Your authorization manager shows this app no Host that it may read. Choose some there; under{' '}
          <a href="/connections">My Hosts</a> stands what it may see now.
        </p>
      ) : (
        <p>As soon as one of your Hosts has something, or lets this app see it, it appears here, the newest first.</p>
      )}
    </Empty>
  );
}

export function NotConnected(): VNode {
  return (
    <Layout
      title="Feed"
      lead="Here you will see what your Hosts keep, in one stream. It takes one step to get there, once."
    >
      <Empty title="Nothing is connected yet">
        <p>
          Your authorization manager is the service that holds the keys to your photos, calendar and notes. Connect it,
          choose there what this app may see, and come back to a full page.
        </p>
        <ButtonRow>
          <ButtonLink href="/connect">Connect my authorization manager</ButtonLink>
        </ButtonRow>
      </Empty>
      <Steps
        label="Connecting"
        steps={['Enter its address', 'Choose there what this app may see', 'Read your feed here']}
        current={0}
      />
    </Layout>
  );
}
