import type { AskHistory } from './history-store.ts';

const HOUR = 3_600;
const DAY = 24 * HOUR;

/** The history as a sentence: "Asked 3 times this week; your last yes was yesterday." */
export function historyWords({ thisWeek, lastYesAgo }: AskHistory): string {
  if (thisWeek <= 1 && lastYesAgo === null) return 'It has not asked you for this lately.';
  const times = thisWeek <= 1 ? 'Asked for the first time this week' : `Asked ${timesOf(thisWeek)} this week`;
  const lastYes = lastYesAgo === null ? 'you have not said yes lately' : `your last yes was ${agoOf(lastYesAgo)}`;
  return `${times}; ${lastYes}.`;
}

const timesOf = (n: number): string => (n === 2 ? 'twice' : `${n} times`);

function agoOf(seconds: number): string {
  if (seconds < HOUR) return 'less than an hour ago';
  if (seconds < DAY) {
    const hours = Math.floor(seconds / HOUR);
    return hours === 1 ? 'an hour ago' : `${hours} hours ago`;
  }
  const days = Math.floor(seconds / DAY);
  return days === 1 ? 'yesterday' : `${days} days ago`;
}
