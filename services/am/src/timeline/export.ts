import { jsonList } from '@chatelaine/accounts';
import { readDailyCheckpoints, type ShownCheckpoint } from '../checkpoints/checkpoints-store.ts';
import type { Deps } from '../deps.ts';
import type { Filter } from './filter.ts';
import { type Happened, type HistoryKey, readHistory } from './history.ts';
import { askedSentence, entrySentence } from './sentences.ts';

/** One row of an export. */
type Row = Readonly<Record<(typeof COLUMNS)[number], string | null>>;
const COLUMNS = [
  'at',
  'kind',
  'what',
  'app',
  'client_id',
  'service',
  'account',
  'scopes',
  'resource',
  'outcome',
  'error',
  'bound_to',
  'request_id',
  'id',
  'checkpoint',
] as const;

const NOTHING = Object.fromEntries(COLUMNS.map((column) => [column, null])) as Readonly<
  Record<(typeof COLUMNS)[number], null>
>;

/** How many rows one query reads; the next query waits until these have been consumed. */
const ROWS = 500;

/**
 * Everything that a filter matches, newest first, read as it is consumed; then all checkpoints, whatever the filter.
 */
async function* rows(deps: Pick<Deps, 'pool'>, of: { ownerId: string; filter: Filter }): AsyncGenerator<Row> {
  let after: HistoryKey | null = null;
  do {
    const { entries, next }: Awaited<ReturnType<typeof readHistory>> = await readHistory(deps, {
      ...of,
      after,
      most: ROWS,
    });
    for (const one of entries) yield rowOf(one);
    after = next;
  } while (after !== null);
  for (const one of await readDailyCheckpoints(deps, of.ownerId)) yield checkpointRow(one);
}

function rowOf(one: Happened): Row {
  const at = one.at.toISOString();
  if (one.kind === 'entry') {
    const { entry } = one;
    const { clientName: app, hostName: service, label: account, kind, id } = entry;
    return { ...NOTHING, at, kind, what: entrySentence(entry), app, service, account, id };
  }
  const { asked } = one;
  return {
    ...NOTHING,
    at,
    kind: 'asked',
    what: askedSentence(asked),
    app: asked.clientName,
    client_id: asked.clientId,
    service: asked.link?.hostName ?? null,
    account: asked.link?.label ?? null,
    scopes: asked.scopes.join(' '),
    resource: asked.resource,
    outcome: asked.state,
    error: asked.error,
    bound_to: asked.bearer ? 'no key' : 'a key',
    request_id: asked.requestId,
    id: asked.id,
  };
}

const OF = { entry: 'what happened', asked: 'keys that were asked for' } as const;

/** In either format, as `chatelaine verify-timeline` reads it. */
function checkpointRow({ stream, number, total, lastAt, madeAt, mac }: ShownCheckpoint): Row {
  return {
    ...NOTHING,
    at: madeAt.toISOString(),
    kind: 'checkpoint',
    what: `Checkpoint ${number} of ${OF[stream]}: ${total} in all, up to ${lastAt.toISOString()}`,
    checkpoint: `checkpoint:${stream}:${number}:${mac}`,
  };
}

/** RFC 4180, with a header; in UTF-8 with a byte order mark, without which spreadsheets assume another encoding. */
async function* csv(all: AsyncIterable<Row>): AsyncGenerator<string> {
  yield `\uFEFF${COLUMNS.join(',')}\r\n`;
  for await (const row of all) yield `${COLUMNS.map((column) => cellOf(row[column] ?? '')).join(',')}\r\n`;
}

/**
 * Puts an apostrophe before what a spreadsheet would take for a formula: names are chosen by other parties. The escapes
 * are the full-width forms of =, +, - and @.
 */
export function cellOf(text: string): string {
  const harmless = /^[\s\p{Cf}]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/u.test(text) ? `'${text}` : text;
  return `"${harmless.replaceAll('"', '""')}"`;
}

export const FORMATS = {
  csv: { type: 'text/csv; charset=utf-8', content: csv },
  json: {
    type: 'application/json; charset=utf-8',
    content: jsonList as (all: AsyncIterable<Row>) => AsyncGenerator<string>,
  },
} as const;

export type Format = keyof typeof FORMATS;

/** The export as a file. */
export const exportedActivity = (
  deps: Pick<Deps, 'pool'>,
  { format, ...of }: { ownerId: string; filter: Filter; format: Format },
): AsyncGenerator<string> => FORMATS[format].content(rows(deps, of));
