import { Layout } from '@chatelaine/service-kit';
import type { VNode } from 'preact';

export interface Line {
  readonly at: Date;
  readonly sentence: string;
}

/** Lines under each other, newest first. */
export function Lines({ lines }: { lines: readonly Line[] }): VNode {
  return (
    <ul class="list">
      {lines.map(({ at, sentence }) => (
        <li>
          {sentence}{' '}
          <small>
            <time dateTime={at.toISOString()}>{at.toISOString().slice(0, 16).replace('T', ' ')} UTC</time>
          </small>
        </li>
      ))}
    </ul>
  );
}

export function TimelinePage({ lines }: { lines: readonly Line[] }): VNode {
  return (
    <Layout title="Timeline">
      {lines.length === 0 ? (
        <p>
          Nothing has happened yet. What you link, connect and stop, and every access that was asked for, is listed
          here.
        </p>
      ) : (
        <Lines lines={lines} />
      )}
    </Layout>
  );
}
