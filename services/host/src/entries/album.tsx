import { Day } from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { EntryView } from './entry.ts';
import { Picture } from './picture.tsx';

export interface Shown {
  readonly entries: readonly EntryView[];
  readonly remove: (entry: EntryView) => VNode;
}

/**
 * Photos: a grid of pictures with their captions. An entry without a picture, for example from a Requester, has an
 * empty frame.
 */
export function Album({ entries, remove }: Shown): VNode {
  return (
    <ul class="album" role="list">
      {entries.map((entry) => (
        <li key={entry.id}>
          <figure>
            {entry.picture === undefined ? <div class="frame">No picture</div> : <Picture entry={entry} />}
            <figcaption>
              <p>{entry.text}</p>
              <small>
                <Day date={entry.date} />
              </small>
              {remove(entry)}
            </figcaption>
          </figure>
        </li>
      ))}
    </ul>
  );
}
