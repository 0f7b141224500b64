import type { VNode } from 'preact';

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });

/** A day, `YYYY-MM-DD`: "5 March 2026". */
export function Day({ date }: { date: string }): VNode {
  return <time dateTime={date}>{DAY.format(new Date(`${date}T00:00:00Z`))}</time>;
}

/** A moment in epoch seconds, in UTC, because a page without a script does not know where its reader is: "5 March 2026, 14:05 UTC". */
export function Moment({ at }: { at: number }): VNode {
  const date = new Date(at * 1000);
  return (
    <time dateTime={date.toISOString()}>
      {DAY.format(date)}, {TIME.format(date)} UTC
    </time>
  );
}
