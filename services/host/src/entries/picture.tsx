import type { VNode } from 'preact';
import type { EntryView } from './entry.ts';

/** The picture of an entry, without alternative text, because the entry's text stands beside it. */
export function Picture({ entry }: { entry: EntryView }): VNode | null {
  if (entry.picture === undefined) return null;
  return (
    <a class="picture" href={`/entries/${entry.id}/picture`}>
      <img src={`/entries/${entry.id}/picture`} alt="The picture, in full" loading="lazy" />
    </a>
  );
}
