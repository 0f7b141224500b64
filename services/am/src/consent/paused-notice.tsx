import { Notice } from '@chatelaine/ui';
import type { VNode } from 'preact';

interface PausedNoticeView {
  readonly name: string;
  /** A connection of the app that its owner has paused; null if there is none. */
  readonly paused: string | null;
  /** Whether the app can finish connecting without a key. */
  readonly connects: 'without a key' | 'with a key';
}

/** Says what a yes means while the owner has paused the app that asks. PROTOCOL §7. */
export function PausedNotice({ name, paused, connects }: PausedNoticeView): VNode | null {
  if (paused === null) return null;
  const page = <a href={`/apps/${paused}`}>its page</a>;
  return (
    <Notice kind="needs">
      {connects === 'without a key' ? (
        <>
          You have paused {name}, and it stays paused: what you allow here counts when you resume it on {page}.
        </>
      ) : (
        <>
          You have paused {name}, and it stays paused. It needs a key to finish connecting: resume it first on {page},
          and then answer here.
        </>
      )}
    </Notice>
  );
}
