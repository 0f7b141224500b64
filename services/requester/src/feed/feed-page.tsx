import {
  Badge,
  Button,
  ButtonLink,
  ButtonRow,
  Card,
  Day,
  Empty,
  Form,
  Layout,
  List,
  Notice,
  Row,
  Select,
  Split,
  Steps,
  TextArea,
} from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import type { Feed, FeedEntry, Source } from './read-feed.ts';
import type { Trouble } from './trouble.ts';

export interface FeedView {
  readonly feed: Feed;
  /** What could not be posted just now. */
  readonly attempt?: { readonly text: string; readonly source: string; readonly trouble: Trouble };
}

export function FeedPage({ feed, attempt }: FeedView): VNode {
  if (!feed.connected) return <NotConnected />;
  const { entries, troubles, writable, readable } = feed;
  return (
    <Layout title="Feed" width="wide">
      {attempt !== undefined && <TroubleNotice trouble={attempt.trouble} />}
      {troubles.map((trouble, index) => (
        <TroubleNotice key={index} trouble={trouble} />
      ))}
      <Split
        jump={writable.length > 0 ? 'Post an entry' : null}
        aside={
          <>
            {writable.length > 0 && <PostForm sources={writable} attempt={attempt} />}
            <Sources sources={readable} />
          </>
        }
      >
        {entries.length === 0 ? <NothingYet feed={feed} /> : <Stream entries={entries} />}
      </Split>
    </Layout>
  );
}

function NotConnected(): VNode {
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

function NothingYet({ feed: { readable, troubles } }: Pick<FeedView, 'feed'>): VNode {
  return (
    <Empty title="Nothing to show yet">
      {readable.length === 0 && troubles.length === 0 ? (
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

function TroubleNotice({ trouble: { kind, sentence, next } }: { trouble: Trouble }): VNode {
  return (
    <Notice kind={kind === 'denied' ? 'plain' : kind}>
      <p>{sentence}</p>
      {next !== undefined && (
        <ButtonRow>
          <ButtonLink href={next.href} kind={kind === 'needs' ? 'main' : 'plain'}>
            {next.label}
          </ButtonLink>
        </ButtonRow>
      )}
    </Notice>
  );
}

function PostForm({ sources, attempt }: { sources: readonly Source[]; attempt: FeedView['attempt'] }): VNode {
  return (
    <Card title="Post an entry">
      <Form action="/entries">
        <TextArea name="text" label="What is new?" value={attempt?.text ?? ''} maxLength={2000} required />
        <Select
          name="source"
          label="Keep it at"
          value={attempt?.source}
          options={sources.map((source) => ({
            value: `${source.connectionId} ${source.resource}`,
            label: `${source.name} (${source.account})`,
          }))}
        />
        <Button>Post</Button>
      </Form>
    </Card>
  );
}

const STATE = { shown: 'shown', needs: 'needs you', denied: 'not allowed', bad: 'not reached' } as const;
const TONE = { shown: 'good', needs: 'needs', denied: 'plain', bad: 'bad' } as const;

function Sources({ sources }: { sources: Feed['readable'] }): VNode | null {
  if (sources.length === 0) return null;
  return (
    <Card title="From these Hosts">
      <List>
        {sources.map(({ source, state }) => (
          <Row
            key={`${source.connectionId} ${source.resource}`}
            title={source.name}
            note={source.account}
            aside={<Badge kind={TONE[state]}>{STATE[state]}</Badge>}
          />
        ))}
      </List>
    </Card>
  );
}

function Stream({ entries }: { entries: readonly FeedEntry[] }): VNode {
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

/** On our own origin: the browser has no token, and its page loads nothing from elsewhere. */
function pictureHref({ id, source: { connectionId, resource } }: FeedEntry): string {
  return `/picture?${new URLSearchParams({ connection: connectionId, resource, entry: id }).toString()}`;
}
