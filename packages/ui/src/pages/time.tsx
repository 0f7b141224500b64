import type { VNode } from 'preact';

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });

/** A day, `YYYY-MM-DD`: "5 March 2026". */
export function Day({ date }: { date: string }): VNode {
  return <time dateTime={date}>{DAY.format(new Date(`${date}T00:00:00Z`))}</time>;
}

/**
 * A moment in epoch seconds, in UTC, because a page without a script does not know where its reader is: "5 March 2026,
 * 14:05 UTC".
 */
export function Moment({ at }: { at: number }): VNode {
  return <time dateTime={new Date(at * 1000).toISOString()}>{momentWords(at)}</time>;
}

/** The same where there can be only words. */
export function momentWords(at: number): string {
  const date = new Date(at * 1000);
  return `${DAY.format(date)}, ${TIME.format(date)} UTC`;
}

const MINUTE = 60;

/** A moment of today in epoch seconds, rounded up to the minute, for what is over by then: "14:05 UTC". */
export function TimeOfDay({ at }: { at: number }): VNode {
  const date = new Date(Math.ceil(at / MINUTE) * MINUTE * 1000);
  return <time dateTime={date.toISOString()}>{TIME.format(date)} UTC</time>;
}
