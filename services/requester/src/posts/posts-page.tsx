import { Button, Card, Day, Empty, Form, Hidden, Layout, Notice, Split, TextArea } from '@chatelaine/ui';
import type { VNode } from 'preact';
import { MAX_POST_CHARS, type PostView } from './post.ts';

export interface PostsView {
  readonly posts: readonly PostView[];
  /** What could not be stored just now. */
  readonly attempt?: { readonly text: string; readonly problem: string };
}

export function PostsPage({ posts, attempt }: PostsView): VNode {
  return (
    <Layout title="My posts" lead="Written here and kept here, not at one of your Hosts." width="wide">
      {attempt !== undefined && <Notice kind="bad">{attempt.problem}</Notice>}
      <Split jump="Write a post" aside={<WriteForm text={attempt?.text ?? ''} />}>
        {posts.length === 0 ? (
          <Empty title="No posts yet">
            <p>
              Only you see them. Under <a href="/access">Who has access</a> stands how to share them with other apps,
              and with whom you do.
            </p>
          </Empty>
        ) : (
          <ol class="stream" role="list">
            {posts.map((post) => (
              <Post key={post.id} post={post} />
            ))}
          </ol>
        )}
      </Split>
    </Layout>
  );
}

function WriteForm({ text }: { text: string }): VNode {
  return (
    <Card title="Write a post">
      <Form action="/posts">
        <TextArea name="text" label="What do you want to keep?" value={text} maxLength={MAX_POST_CHARS} required />
        <Button>Keep it here</Button>
      </Form>
    </Card>
  );
}

function Post({ post: { id, text, date } }: { post: PostView }): VNode {
  return (
    <li class="card">
      <p>{text}</p>
      <small>
        <Day date={date} />
      </small>
      <details>
        <summary>
          Remove<span class="unseen"> {text.slice(0, 60)}</span>
        </summary>
        <Form action="/posts/remove">
          <Hidden fields={{ post: id }} />
          <Button kind="danger">Remove this post for good</Button>
        </Form>
      </details>
    </li>
  );
}
