import type { VNode } from 'preact';
import type { Shown } from './album.tsx';
import type { EntryView } from './entry.ts';
import { Picture } from './picture.tsx';

/** Calendar: first what is to come, day by day; then what is past, newest first. */
export function Agenda({ entries, today, remove }: Shown & { readonly today: string }): VNode {
  const coming = entries.filter(({ date }) => date >= today).toReversed();
  const past = entries.filter(({ date }) => date < today);
  return (
    <>
      <h2>Coming up</h2>
      {coming.length === 0 ? (
        <p class="nothing">Nothing from today on.</p>
      ) : (
        <Days {...{ entries: coming, today, remove }} />
      )}
      {past.length > 0 && (
        <>
          <h2>Earlier</h2>
          <Days {...{ entries: past, today, remove }} />
        </>
      )}
    </>
  );
}

function Days({ entries, today, remove }: Shown & { readonly today: string }): VNode {
  const days = [...Map.groupBy(entries, ({ date }) => date)];
  return (
    <ol class="agenda" role="list">
      {days.map(([date, ofDay]) => (
        <li key={date} class={date === today ? 'today' : undefined}>
          <Leaf date={date} today={today} />
          <ul role="list">
            {ofDay.map((entry) => (
              <Appointment key={entry.id} entry={entry} remove={remove} />
            ))}
          </ul>
        </li>
      ))}
    </ol>
  );
}

/** A day as on a tear-off calendar. */
function Leaf({ date, today }: { date: string; today: string }): VNode {
  const part = (options: Intl.DateTimeFormatOptions): string =>
    new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' }).format(new Date(`${date}T00:00:00Z`));
  return (
    <h3>
      <time dateTime={date}>
        <span class="number">{part({ day: 'numeric' })}</span>
        <span>
          {date === today ? 'Today' : part({ weekday: 'long' })}
          <br />
          <small>{part({ month: 'long', year: 'numeric' })}</small>
        </span>
      </time>
    </h3>
  );
}

function Appointment({ entry, remove }: { entry: EntryView; remove: Shown['remove'] }): VNode {
  return (
    <li>
      <p>{entry.text}</p>
      <Picture entry={entry} />
      {remove(entry)}
    </li>
  );
}
