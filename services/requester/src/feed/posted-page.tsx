import { Badge, ButtonLink, ButtonRow, Card, Layout, List, Notice, Row } from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { Attempt } from './attempt-store.ts';
import type { Posted } from './post-everywhere.ts';
import { PostForm } from './post-form.tsx';
import { STATE, TroubleText, TroubleTitle } from './trouble-notice.tsx';

/** The result of a post at each Host. What failed can be posted again from here, to those Hosts only. */
export function PostedPage({ attempt: { text, results } }: { attempt: Attempt }): VNode {
  if (results === null) return <NotKnown text={text} />;
  const failed = results.filter(({ state }) => state !== 'posted');
  return (
    <Layout title={titleOf(results)} lead="What was posted is not posted again when you reload this page.">
      <Card title="What came of it">
        <List>
          {results.map((one) => (
            <ResultRow key={`${one.source.connectionId} ${one.source.resource}`} posted={one} />
          ))}
        </List>
      </Card>
      {failed.length > 0 && (
        <PostForm
          title="Post it where it is missing"
          destinations={failed.map(({ source, state }) =>
            state === 'perhaps' ? { ...source, hint: 'may have it already' } : source,
          )}
          text={text}
          chosen={failed.filter(({ state }) => state === 'not_posted').map(({ source }) => source)}
        />
      )}
      <ToFeed />
    </Layout>
  );
}

/** Another request is still posting, or its process died while it did. */
function NotKnown({ text }: { text: string }): VNode {
  return (
    <Layout title="Being posted" lead="It is not known yet what came of this. Reload this page in a moment.">
      <Notice kind="needs">
        <p>If it stays so, look at your Hosts before you post it again: some of them may have it already.</p>
      </Notice>
      <Card title="What you wrote">
        <p class="written">{text}</p>
      </Card>
      <ToFeed />
    </Layout>
  );
}

function ToFeed(): VNode {
  return (
    <ButtonRow>
      <ButtonLink href="/" kind="plain">
        To the feed
      </ButtonLink>
    </ButtonRow>
  );
}

function titleOf(results: readonly Posted[]): string {
  const posted = results.filter(({ state }) => state === 'posted').length;
  if (posted === results.length) return 'Posted';
  return posted === 0 ? 'Not posted' : `Posted to ${posted} of ${results.length} Hosts`;
}

function ResultRow({ posted: { source, state, trouble } }: { posted: Posted }): VNode {
  if (state === 'posted' || trouble === null)
    return <Row title={source.name} note={source.account} aside={<Badge kind="good">posted</Badge>} />;
  const word = state === 'perhaps' ? 'not known' : STATE[trouble.kind];
  return (
    <Row title={<TroubleTitle title={source.name} trouble={trouble} word={word} />} note={source.account}>
      <TroubleText trouble={trouble} />
    </Row>
  );
}
