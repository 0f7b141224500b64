import { Notice } from '@chatelaine/ui';
import type { VNode } from 'preact';

interface PausedNoticeView {
  readonly name: string;
  /** A connection of the app that its owner has paused; null if there is none. */
  readonly paused: string | null;
  /** Whether what the owner agrees to is added to an existing connection, or becomes a connection of its own. */
  readonly becomes: 'part of it' | 'its own';
}

/** Says what a yes means while the owner has paused the app that asks. PROTOCOL §7. */
export function PausedNotice({ name, paused, becomes }: PausedNoticeView): VNode | null {
  if (paused === null) return null;
  const page = <a href={`/apps/${paused}`}>its page</a>;
  return (
    <Notice kind="needs">
      {becomes === 'its own' ? (
        <>
          You have paused {name}. What you allow here is a new connection, which is not paused: it gets keys at once.
          What you paused stays paused until you resume it on {page}.
        </>
      ) : (
        <>
          You have paused {name}, and it stays paused: what you allow here counts when you resume it on {page}.
        </>
      )}
    </Notice>
  );
}
