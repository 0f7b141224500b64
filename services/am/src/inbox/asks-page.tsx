import { ButtonLink, Empty, Layout, List, Moment, Row } from '@chatelaine/service-kit';
import type { VNode } from 'preact';
import type { WaitingAsk } from './waiting-store.ts';

/** The questions that wait for the owner. */
export function AsksPage({ asks }: { asks: readonly WaitingAsk[] }): VNode {
  return (
    <Layout title="Questions" lead="What a Requester may only do when you say yes to it.">
      {asks.length === 0 ? (
        <Empty title="Nothing waits for you">
          <p>
            When you connect a Requester you can choose “Ask me each time”. Whenever it then wants something, its
            question appears here, for a week, and on the Overview.
          </p>
        </Empty>
      ) : (
        <AskList asks={asks} />
      )}
    </Layout>
  );
}

/** Open questions, each with the way to its answer. */
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
