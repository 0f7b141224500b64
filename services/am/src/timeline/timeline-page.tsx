import { ButtonLink, ButtonRow, Empty, Layout, Moment, type PageOfList, Pager } from '@chatelaine/service-kit';
import type { VNode } from 'preact';

export interface Line {
  readonly at: Date;
  readonly sentence: string;
}

/** Lines under each other, newest first. */
export function Lines({ lines }: { lines: readonly Line[] }): VNode {
  return (
    <ul class="list" role="list">
      {lines.map(({ at, sentence }) => (
        <li>
          {sentence}
          <br />
          <small>
            <Moment at={at.getTime() / 1000} />
          </small>
        </li>
      ))}
    </ul>
  );
}

export function TimelinePage({ lines, page }: { lines: readonly Line[]; page: PageOfList }): VNode {
  return (
    <Layout title="Timeline" lead="What you decided here, and every key that was asked for, the newest first.">
      {lines.length === 0 ? (
        <Empty title="Nothing has happened yet">
          <p>
            What you link, connect and stop is written down here, and so is every key a Requester asks for, whatever
            came of it.
          </p>
          <ButtonRow>
            <ButtonLink href="/">How to begin</ButtonLink>
          </ButtonRow>
        </Empty>
      ) : (
        <Lines lines={lines} />
      )}
      <Pager {...page} />
    </Layout>
  );
}
