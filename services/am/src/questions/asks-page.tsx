import { ButtonLink, Empty, Layout, List, Listening, Moment, Onward, type Part, Row } from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { AskKey, WaitingAsk } from './waiting-store.ts';

export interface AsksView {
  /** The question after which this page begins; null for the first page. */
  readonly after: AskKey | null;
  readonly asks: Part<WaitingAsk>;
}

/** The questions that wait for the owner. */
export function AsksPage({ after, asks }: AsksView): VNode {
  return (
    <Layout title="Questions" lead="What an app may only do when you say yes to it.">
      <Listening id="questions">
        {asks.entries.length > 0 && <AskList asks={asks.entries} />}
        {asks.entries.length === 0 && after === null && (
          <Empty title="Nothing waits for you">
            <p>
              When you connect an app you can choose “Ask me each time”. Whenever it then wants something, its question
              appears here, for a week, and on Home.
            </p>
          </Empty>
        )}
        {asks.entries.length === 0 && after !== null && <Empty title="No older ones" />}
      </Listening>
      <Onward path="/asks" name="after" after={after} next={asks.next}>
        Older ones
      </Onward>
    </Layout>
  );
}

/** Open questions, each with a link to the page that answers it. */
export function AskList({ asks }: { asks: readonly WaitingAsk[] }): VNode {
  return (
    <List>
      {asks.map(({ id, clientName, who, hostName, label, since, sentences }) => (
        <Row
          key={id}
          title={`${clientName} asks for something of “${label}” at ${hostName}`}
          note={
            <>
              {who} · {sentences.join(' · ')} · since <Moment at={since.getTime() / 1000} />
            </>
          }
          aside={
            <ButtonLink href={`/asks/${id}`}>
              Decide
              <span class="unseen">
                {' '}
                about {clientName}, {sentences.join(', ')}
              </span>
            </ButtonLink>
          }
        />
      ))}
    </List>
  );
}
