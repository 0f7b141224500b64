import { Button, ButtonLink, Card, Field, Form, Layout, Notice } from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import type { Feed, FeedEntry, Source } from './read-feed.ts';
import type { Trouble } from './trouble.ts';

export function WelcomePage(): VNode {
  return (
    <Layout title="Everything you wrote, in one stream">
      <p>
        This app shows what your Hosts keep for you, in one place. It never asks for their passwords: your authorization
        manager gives it a token for each, as far as you allow.
      </p>
      <p class="row">
        <ButtonLink href="/sign-up">Create an account</ButtonLink>
        <ButtonLink href="/sign-in" kind="plain">
          Sign in
        </ButtonLink>
      </p>
    </Layout>
  );
}

export interface FeedView {
  readonly feed: Feed;
  /** What could not be posted just now. */
  readonly attempt?: { readonly text: string; readonly trouble: Trouble };
}

export function FeedPage({ feed, attempt }: FeedView): VNode {
  const { connected, entries, troubles, writable } = feed;
  return (
    <Layout title="Feed">
      {!connected && <NotConnected />}
      {attempt !== undefined && <TroubleNotice trouble={attempt.trouble} />}
      {writable.length > 0 && <PostForm sources={writable} text={attempt?.text} />}
      {troubles.map((trouble, index) => (
        <TroubleNotice key={index} trouble={trouble} />
      ))}
      {connected && entries.length === 0 && <p>Nothing to show yet.</p>}
      {entries.map((entry) => (
        <Entry key={`${entry.source.connectionId} ${entry.source.resource} ${entry.id}`} entry={entry} />
      ))}
    </Layout>
  );
}

function NotConnected(): VNode {
  return (
    <Card title="Start here">
      <p>Connect your authorization manager, and your Hosts appear here.</p>
      <p class="row">
        <ButtonLink href="/connect">Connect my authorization manager</ButtonLink>
      </p>
    </Card>
  );
}

function TroubleNotice({ trouble: { sentence, next } }: { trouble: Trouble }): VNode {
  return (
    <Notice kind="bad">
      {sentence} {next !== undefined && <a href={next.href}>{next.label}</a>}
    </Notice>
  );
}

function PostForm({ sources, text }: { sources: readonly Source[]; text: string | undefined }): VNode {
  return (
    <Form action="/entries">
      <Field name="text" label="What is new?" value={text} required />
      <div class="field">
        <label for="source">Keep it at</label>
        <select id="source" name="source">
          {sources.map(({ connectionId, resource, name, account }) => (
            <option key={`${connectionId} ${resource}`} value={`${connectionId} ${resource}`}>
              {name} ({account})
            </option>
          ))}
        </select>
      </div>
      <Button>Post</Button>
    </Form>
  );
}

function Entry({ entry }: { entry: FeedEntry }): VNode {
  const { text, date, source } = entry;
  const iso = new Date(date).toISOString();
  return (
    <Card>
      <p>{text}</p>
      <small>
        {source.name} ({source.account}), <time datetime={iso}>{iso.slice(0, 16).replace('T', ' ')} UTC</time>
      </small>
    </Card>
  );
}
