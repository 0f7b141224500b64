import type { VNode } from 'preact';

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });

/** A date, `YYYY-MM-DD`, as "5 March 2026". */
export function Day({ date }: { date: string }): VNode {
  return <time dateTime={date}>{DAY.format(new Date(`${date}T00:00:00Z`))}</time>;
}

/**
 * A time in epoch seconds, as "5 March 2026, 14:05 UTC"; in UTC because without a script a page does not know the
 * reader's time zone.
 */
export function Moment({ at }: { at: number }): VNode {
  return <time dateTime={new Date(at * 1000).toISOString()}>{momentWords(at)}</time>;
}

/** The same as plain text. */
export function momentWords(at: number): string {
  const date = new Date(at * 1000);
  return `${DAY.format(date)}, ${TIME.format(date)} UTC`;
}

const MINUTE = 60;

/**
 * A time of today in epoch seconds, as "14:05 UTC". Rounded up to the minute, for something that will have ended by
 * then.
 */
export function TimeOfDay({ at }: { at: number }): VNode {
  const date = new Date(Math.ceil(at / MINUTE) * MINUTE * 1000);
  return <time dateTime={date.toISOString()}>{TIME.format(date)} UTC</time>;
}
