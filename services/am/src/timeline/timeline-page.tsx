import { ButtonLink, ButtonRow, Empty, Layout, Moment, Onward, type Part, type SortKey } from '@chatelaine/service-kit';
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

export interface TimelineView {
  /** After which line this page begins; null for the first page. */
  readonly after: SortKey | null;
  readonly lines: Part<Line>;
}

export function TimelinePage({ after, lines }: TimelineView): VNode {
  return (
    <Layout title="Timeline" lead="What you decided here, and every key that was asked for, the newest first.">
      {lines.entries.length > 0 && <Lines lines={lines.entries} />}
      {lines.entries.length === 0 && after === null && (
        <Empty title="Nothing has happened yet">
          <p>
            What you link, connect and stop is written down here, and so is every key a Requester asks for, whatever
            came of it.
          </p>
          <ButtonRow>
            <ButtonLink href="/">How to begin</ButtonLink>
          </ButtonRow>
        </Empty>
      )}
      {lines.entries.length === 0 && after !== null && <Empty title="Nothing earlier" />}
      <Onward path="/timeline" name="after" after={after} next={lines.next}>
        Older
      </Onward>
    </Layout>
  );
}
