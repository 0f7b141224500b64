import type { FormParams } from '@chatelaine/protocol';
import { canBeShown } from '@chatelaine/ui';

/** What to look for in the activity. Null: everything. */
export interface Filter {
  /** A client id. */
  readonly app: string | null;
  /** A Host's id. */
  readonly service: string | null;
  readonly outcome: Outcome | null;
  /** Days in UTC, `YYYY-MM-DD`, both inclusive. */
  readonly from: string | null;
  readonly to: string | null;
  /** Looked for in the names of apps, services and accounts, and in what was asked for. */
  readonly words: string | null;
}

/** `decided`: the owner's decisions and their consequences; the others are outcomes of requests for tokens. */
export type Outcome = 'got' | 'refused' | 'failed' | 'decided';
export const OUTCOMES: readonly Outcome[] = ['got', 'refused', 'failed', 'decided'];

/** Whether entries of the same kind are shown as one line, or one by one. */
export type Folding = 'folded' | 'each';

export const EVERYTHING: Filter = { app: null, service: null, outcome: null, from: null, to: null, words: null };

const MOST_CHARS = 500;
const DAY = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

/** Reads a filter from a query; values that make no sense are ignored. */
export function readFilter(query: FormParams): Filter {
  const textOf = (name: string): string | null => {
    const given = query.get(name)?.trim() ?? '';
    return given === '' || given.length > MOST_CHARS || !canBeShown(given) ? null : given;
  };
  const dayOf = (name: string): string | null => {
    const given = query.get(name) ?? '';
    return DAY.test(given) && given >= '1970-01-01' && isDay(given) ? given : null;
  };
  return {
    app: textOf('app'),
    service: textOf('service'),
    outcome: OUTCOMES.find((one) => one === query.get('outcome')) ?? null,
    from: dayOf('from'),
    to: dayOf('to'),
    words: textOf('q'),
  };
}

const isDay = (given: string): boolean => {
  const read = new Date(`${given}T00:00:00Z`);
  return !Number.isNaN(read.getTime()) && read.toISOString().startsWith(given);
};

export const readFolding = (query: FormParams): Folding => (query.get('each') === 'yes' ? 'each' : 'folded');

/** The address of the page, or of the export, of what a filter matches. */
export function hrefOf(path: string, filter: Filter, folding: Folding = 'folded'): string {
  const { app, service, outcome, from, to, words } = filter;
  const given = { app, service, outcome, from, to, q: words, each: folding === 'each' ? 'yes' : null };
  const query = new URLSearchParams(
    Object.entries(given).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  );
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

const MS_A_DAY = 86_400_000;

/** The moments between which the filter looks; the second is exclusive. */
export function momentsOf({ from, to }: Pick<Filter, 'from' | 'to'>): { after: Date | null; before: Date | null } {
  return {
    after: from === null ? null : new Date(`${from}T00:00:00Z`),
    before: to === null ? null : new Date(Date.parse(`${to}T00:00:00Z`) + MS_A_DAY),
  };
}
