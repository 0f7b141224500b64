import type { ConnectionInfo, Target } from '@chatelaine/requester-kit';
import type { Deps } from '../deps.ts';
import { type Entry, entriesUrl, READ, readEntries, WRITE } from './entries.ts';
import { type Trouble, troubleOf, troubleOfConnection, troubleOfStatus } from './trouble.ts';

/** One account at one Host, reached over one connection. */
export interface Source {
  readonly connectionId: string;
  readonly resource: string;
  readonly name: string;
  readonly account: string;
}

export interface FeedEntry extends Entry {
  readonly source: Source;
}

export interface Feed {
  readonly connected: boolean;
  /** Newest first. */
  readonly entries: readonly FeedEntry[];
  readonly troubles: readonly Trouble[];
  /** What may be asked for reading, and what came of it this time. */
  readonly readable: readonly { readonly source: Source; readonly state: SourceState }[];
  /** Where something may be posted. */
  readonly writable: readonly Source[];
}

export type SourceState = 'shown' | Trouble['kind'];

type FeedDeps = Pick<Deps, 'requester'>;

/** Everything the owner's Hosts have, merged by date. A Host that does not answer costs its own entries and a sentence, nothing else. */
export async function readFeed(deps: FeedDeps, owner: string): Promise<Feed> {
  const connections = await deps.requester.connections(owner);
  const parts = await Promise.all(connections.map((connection) => readConnection(deps, owner, connection)));
  return {
    connected: connections.length > 0,
    entries: parts.flatMap((part) => part.entries).toSorted((a, b) => Date.parse(b.date) - Date.parse(a.date)),
    troubles: parts.flatMap((part) => part.troubles),
    readable: parts.flatMap((part) => part.readable),
    writable: parts.flatMap((part) => part.writable),
  };
}

type Part = Omit<Feed, 'connected'>;

async function readConnection(deps: FeedDeps, owner: string, connection: ConnectionInfo): Promise<Part> {
  const { connectionId, am } = connection;
  const outcome = await deps.requester.targets({ owner, connectionId });
  if (outcome.kind !== 'targets')
    return { entries: [], troubles: [troubleOfConnection(outcome, am)], readable: [], writable: [] };
  const sources = outcome.targets.map((target) => ({ target, source: sourceOf(connectionId, target) }));
  const readable = sources.filter(({ target }) => offers(target, READ));
  const parts = await Promise.all(
    readable.map(async ({ source }) => ({ source, ...(await readSource(deps, { owner, am, source })) })),
  );
  return {
    entries: parts.flatMap((part) => part.entries),
    troubles: parts.flatMap((part) => part.troubles),
    readable: parts.map(({ source, troubles: [trouble] }) => ({ source, state: trouble?.kind ?? 'shown' })),
    writable: sources.filter(({ target }) => offers(target, WRITE)).map(({ source }) => source),
  };
}

async function readSource(
  { requester }: FeedDeps,
  { owner, am, source }: { owner: string; am: string; source: Source },
): Promise<Pick<Part, 'entries' | 'troubles'>> {
  const { connectionId, resource, name } = source;
  const request = { owner, connectionId, resource, scope: READ };
  const outcome = await requester.fetch(request, entriesUrl(resource), { maxBytes: 1_048_576 });
  if (outcome.kind !== 'response') return { entries: [], troubles: [troubleOf(outcome, { host: name, am })] };
  const { response } = outcome;
  if (response.status !== 200) return { entries: [], troubles: [troubleOfStatus(response.status, name)] };
  const entries = await readEntries(response);
  if (entries === null) return { entries: [], troubles: [troubleOfStatus(response.status, name)] };
  return { entries: entries.map((entry) => ({ ...entry, source })), troubles: [] };
}

/** Whether it may be asked for at all; `ask` and `deny` are for the AM to say, which also says why. */
function offers(target: Target, scope: string): boolean {
  return target.scopes.some((one) => one.scope === scope);
}

function sourceOf(connectionId: string, { resource, name, account }: Target): Source {
  return { connectionId, resource, name, account };
}
