import type { VNode } from 'preact';
import type { DayCount } from './asked-store.ts';
import type { Filter } from './filter.ts';

/** How many days are drawn at most. */
const MOST_DAYS = 92;
/** How many are drawn if the filter names none. */
const USUAL_DAYS = 30;
const MS_A_DAY = 86_400_000;
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
const msOf = (day: string): number => Date.parse(`${day}T00:00:00Z`);

/** Narrows a filter to the days that are drawn for it. `today` is in epoch seconds. */
export function drawnDays(filter: Filter, today: number): Filter & { readonly from: string; readonly to: string } {
  const last = filter.to === null ? dayOf(today * 1000) : filter.to;
  const to = msOf(last);
  const earliest = to - (MOST_DAYS - 1) * MS_A_DAY;
  const from = filter.from === null ? to - (USUAL_DAYS - 1) * MS_A_DAY : Math.max(msOf(filter.from), earliest);
  return { ...filter, from: dayOf(Math.min(from, to)), to: last };
}

const HEIGHT = 64;
const STEP = 12;
const WIDE = 9;
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
const named = (day: string): string => DAY.format(msOf(day));

/** A bar for each day: how many tokens were issued, and above that how many requests failed. */
export function Days({ days, from, to }: { days: readonly DayCount[]; from: string; to: string }): VNode | null {
  const counted = new Map(days.map((one) => [one.day, one]));
  const all: DayCount[] = [];
  for (let at = msOf(from); at <= msOf(to); at += MS_A_DAY)
    all.push(counted.get(dayOf(at)) ?? { day: dayOf(at), got: 0, not: 0 });
  const most = Math.max(...all.map(({ got, not }) => got + not));
  if (most === 0) return null;
  const width = all.length * STEP;
  const [sumGot, sumNot] = [days.reduce((sum, { got }) => sum + got, 0), days.reduce((sum, { not }) => sum + not, 0)];
  const summary = `${named(from)} to ${named(to)}: ${given(sumGot)}, ${notGiven(sumNot)}`;
  return (
    <figure class="days">
      <svg
        viewBox={`0 0 ${width} ${HEIGHT}`}
        role="img"
        aria-label={`${summary}. ${inWords(days)}`}
        preserveAspectRatio="none"
      >
        {all.map((one, index) => (
          <Bar key={one.day} of={one} x={index * STEP} scale={HEIGHT / most} />
        ))}
      </svg>
      <figcaption>
        <span>{named(from)}</span>
        <span>
          <span class="got" aria-hidden="true" /> {given(sumGot)} · <span class="none" aria-hidden="true" />
          {` ${notGiven(sumNot)}`}
        </span>
        <span>{named(to)}</span>
      </figcaption>
    </figure>
  );
}

function Bar({ of: { day, got, not }, x, scale }: { of: DayCount; x: number; scale: number }): VNode {
  const heights = [got, not].map((count) => (count === 0 ? 0 : Math.max(2, Math.round(count * scale))));
  const [high = 0, above = 0] = heights;
  const shownAbove = Math.min(above, HEIGHT - Math.min(high, HEIGHT));
  return (
    <g>
      <title>{`${named(day)}: ${given(got)}, ${notGiven(not)}`}</title>
      <rect class="empty-day" x={x} y={HEIGHT - 1} width={WIDE} height={1} />
      {high > 0 && <rect class="got" x={x} y={HEIGHT - high} width={WIDE} height={high} />}
      {shownAbove > 0 && <rect class="none" x={x} y={HEIGHT - high - shownAbove} width={WIDE} height={shownAbove} />}
    </g>
  );
}

const given = (count: number): string => `${count} ${count === 1 ? 'key' : 'keys'} given`;
const notGiven = (count: number): string => `${count} not given`;
const inWords = (days: readonly DayCount[]): string =>
  days.map(({ day, got, not }) => `${named(day)}: ${given(got)}${not === 0 ? '' : `, ${notGiven(not)}`}`).join('; ');
