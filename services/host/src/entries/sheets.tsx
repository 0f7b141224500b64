import { Day } from '@chatelaine/ui';
import type { VNode } from 'preact';
import type { Shown } from './album.tsx';
import { Picture } from './picture.tsx';

/** Notes: sheets of text, each as long as it is. */
export function Sheets({ entries, remove }: Shown): VNode {
  return (
    <ul class="sheets" role="list">
      {entries.map((entry) => (
        <li key={entry.id}>
          <small>
            <Day date={entry.date} />
          </small>
          <p>{entry.text}</p>
          <Picture entry={entry} />
          {remove(entry)}
        </li>
      ))}
    </ul>
  );
}
