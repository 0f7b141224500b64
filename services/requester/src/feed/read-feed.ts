import { deadlineIn } from '@chatelaine/outbound-http';
import type { ConnectionInfo, TransferOutcome } from '@chatelaine/requester-kit';
import type { Deps } from '../deps.ts';
import { type Entry, readEntries } from './entries.ts';
import { listOffers, type ReadableSource, type WritableSource } from './sources.ts';
import { asTheyCome, atMost } from './together.ts';
import { SLOW_HOST, type Trouble, troubleOf, troubleOfStatus } from './trouble.ts';

export interface FeedEntry extends Entry {
  readonly source: ReadableSource;
}

/** The result of reading one Host. */
export interface Read {
  readonly source: ReadableSource;
  readonly trouble: Trouble | null;
  /** How many Hosts have a result so far, this one included. */
  readonly done: number;
  readonly total: number;
}

export type FeedEvent =
  /** How many Hosts are being asked for their entries. `troubles` are those of whole connections. */
  | {
      readonly kind: 'asking';
      readonly total: number;
      readonly writable: readonly WritableSource[];
      readonly troubles: readonly { readonly connection: ConnectionInfo; readonly trouble: Trouble }[];
    }
  | ({ readonly kind: 'read' } & Read)
  /** Newest first. */
  | { readonly kind: 'entries'; readonly entries: readonly FeedEntry[]; readonly more: number };

export interface ReadFeedInput {
  readonly owner: string;
  readonly connections: readonly ConnectionInfo[];
  /** How many seconds are left to Hosts once they have been asked. Slower ones are left out. */
  readonly seconds: number;
  /** Fires when the browser has disconnected. */
  readonly gone: AbortSignal;
}

/** How many Hosts are read at a time, for one page. */
const READS = 8;
/** How many entries one page shows. */
const MOST_ENTRIES = 400;
const MOST_BYTES = 1_048_576;

/**
 * All entries of the owner's Hosts, merged by date: one batch call for each connection, and each Host is read as soon
 * as its token arrives. If a Host does not answer, only its own entries are missing, and a sentence says so.
 */
export async function* readFeed(
  deps: Pick<Deps, 'requester' | 'config'>,
  input: ReadFeedInput,
): AsyncGenerator<FeedEvent> {
  const { owner, connections, seconds, gone } = input;
  const offers = await listOffers(deps, { owner, connections, doing: 'read' });
  const jobs = offers.flatMap(({ readable }) => readable.map(jobOf));
  yield {
    kind: 'asking',
    total: jobs.length,
    writable: offers.flatMap(({ writable }) => writable),
    troubles: offers.flatMap(({ connection, trouble }) => (trouble === null ? [] : [{ connection, trouble }])),
  };
  const signal = AbortSignal.any([gone, deadlineIn(seconds)]);
  const giveUp = (): void => {
    for (const { source, result } of jobs)
      result.resolve({ source, trouble: SLOW_HOST(source.name, seconds), entries: [] });
  };
  if (signal.aborted) giveUp();
  signal.addEventListener('abort', giveUp, { once: true });
  const inLine = atMost(READS);
  for (const { connection } of offers)
    void readConnection(deps, {
      owner,
      signal,
      inLine,
      jobs: jobs.filter(({ source }) => source.connectionId === connection.connectionId),
    });
  let done = 0;
  let merged: FeedEntry[] = [];
  let count = 0;
  const isNew = once();
  for await (const { source, trouble, entries: all } of asTheyCome(jobs.map(({ result }) => result.promise))) {
    const entries = all.filter((entry) => isNew(source, entry));
    count += entries.length;
    merged = newest([...merged, ...entries.map((entry) => ({ ...entry, source }))]);
    yield { kind: 'read', source, trouble, done: ++done, total: jobs.length };
  }
  signal.removeEventListener('abort', giveUp);
  yield { kind: 'entries', entries: merged, more: count - merged.length };
}

/** Two connections may lead to the same account. An entry that both return is shown once. */
function once(): (source: ReadableSource, entry: Entry) => boolean {
  const seen = new Set<string>();
  return ({ entries }, { id, date, text }) => {
    // a Host may number the entries of each account from one, so the id alone does not identify an entry
    const key = JSON.stringify([entries, id, date, text]);
    return seen.size < seen.add(key).size;
  };
}

interface Result {
  readonly source: ReadableSource;
  readonly trouble: Trouble | null;
  readonly entries: readonly Entry[];
}

interface Job {
  readonly source: ReadableSource;
  readonly resource: string;
  readonly scope: string;
  readonly result: PromiseWithResolvers<Result>;
}

function jobOf(source: ReadableSource): Job {
  return { source, resource: source.resource, scope: source.scope, result: Promise.withResolvers() };
}

interface ConnectionJobs {
  readonly owner: string;
  readonly jobs: readonly Job[];
  readonly signal: AbortSignal;
  readonly inLine: ReturnType<typeof atMost>;
}

/** Each job gets its result here or when the time is up; never rejects. */
async function readConnection(
  deps: Pick<Deps, 'requester'>,
  { owner, jobs, signal, inLine }: ConnectionJobs,
): Promise<void> {
  const [first] = jobs;
  if (first === undefined) return;
  const { connectionId } = first.source;
  try {
    for await (const { item, outcome } of deps.requester.transfers({ owner, connectionId, items: jobs, signal })) {
      const { source, result } = item;
      inLine(() => readSource(deps, { owner, source, outcome, signal })).then(result.resolve, result.reject);
    }
  } catch (error) {
    for (const { result } of jobs) result.reject(error);
  }
}

interface ReadSource {
  readonly owner: string;
  readonly source: ReadableSource;
  readonly outcome: TransferOutcome;
  readonly signal: AbortSignal;
}

async function readSource({ requester }: Pick<Deps, 'requester'>, input: ReadSource): Promise<Result> {
  const { owner, source, outcome, signal } = input;
  const { connectionId, resource, name, am, scope, entries: url } = source;
  const parties = { host: name, am, doing: 'read' } as const;
  const nothing = (trouble: Trouble): Result => ({ source, trouble, entries: [] });
  if (outcome.kind !== 'token') return nothing(troubleOf(outcome, parties));
  const request = { owner, connectionId, resource, scope };
  const answer = await requester.fetch(request, url, { maxBytes: MOST_BYTES, signal });
  if (answer.kind !== 'response') return nothing(troubleOf(answer, parties));
  const { response } = answer;
  const entries = response.status === 200 ? await readEntries(response) : null;
  return entries === null ? nothing(troubleOfStatus(response.status, parties)) : { source, trouble: null, entries };
}

function newest(entries: FeedEntry[]): FeedEntry[] {
  return entries.toSorted((a, b) => Date.parse(b.date) - Date.parse(a.date)).slice(0, MOST_ENTRIES);
}
