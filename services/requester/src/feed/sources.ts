import type { ConnectionInfo, Target } from '@chatelaine/requester-kit';
import type { Deps } from '../deps.ts';
import { entriesUrl, READ, WRITE } from './entries.ts';
import { inTime } from './together.ts';
import { type Doing, SLOW_AM, type Trouble, troubleOfConnection } from './trouble.ts';

/** One account at one Host, reached through one connection. */
export interface Source {
  readonly connectionId: string;
  /** The AM's issuer. */
  readonly am: string;
  readonly resource: string;
  readonly name: string;
  readonly account: string;
}

/** Where entries can be read. */
export interface ReadableSource extends Source {
  /** The scope that reading needs. */
  readonly scope: string;
  /** The URL of the entries. */
  readonly entries: string;
}

/** Where something can be posted, and how the AM would decide about it now. */
export interface WritableSource extends Source {
  readonly answer: 'allow' | 'ask' | 'deny';
}

/** What one connection offers; `trouble` is why that is not known. */
export interface Offer {
  readonly connection: ConnectionInfo;
  readonly trouble: Trouble | null;
  readonly readable: readonly ReadableSource[];
  readonly writable: readonly WritableSource[];
}

/** How many seconds an AM has to list its Hosts; after that the page shows a sentence instead of them. */
const LIST_SECONDS = 4;

/** What the owner's connections offer now, as their AMs say. */
export function listOffers(
  deps: Pick<Deps, 'requester' | 'config'>,
  { owner, connections, doing }: { owner: string; connections: readonly ConnectionInfo[]; doing: Doing },
): Promise<Offer[]> {
  return Promise.all(connections.map((connection) => offerOf(deps, { owner, connection, doing })));
}

async function offerOf(
  { requester, config }: Pick<Deps, 'requester' | 'config'>,
  { owner, connection, doing }: { owner: string; connection: ConnectionInfo; doing: Doing },
): Promise<Offer> {
  const { connectionId, am } = connection;
  const none = { connection, readable: [], writable: [] };
  const listed = await inTime(requester.targets({ owner, connectionId }), LIST_SECONDS, null);
  if (listed === null) return { ...none, trouble: SLOW_AM(doing) };
  if (listed.kind !== 'targets') return { ...none, trouble: troubleOfConnection(listed, { host: am, doing }) };
  // the SSRF policy lets no service call itself, and posts that are stored here need no token
  const targets = listed.targets.filter(({ issuer }) => issuer !== config.issuer);
  const sourceOf = ({ resource, name, account }: Target): Source => ({ connectionId, am, resource, name, account });
  return {
    connection,
    trouble: null,
    // Hosts with `ask` and `deny` stay in the list: the AM decides, and says why
    readable: targets.flatMap((target) => readableIn(sourceOf(target), target)),
    writable: targets.flatMap((target) => {
      const answer = answerFor(target, WRITE);
      return answer === undefined ? [] : [{ ...sourceOf(target), answer }];
    }),
  };
}

/**
 * A bridge has a scope for each service, `<service>:entries.read`, and that service's entries below
 * `<resource>/<service>`. PROTOCOL §9.
 */
function readableIn(source: Source, { scopes }: Target): ReadableSource[] {
  return scopes.flatMap(({ scope }): ReadableSource[] => {
    if (scope === READ) return [{ ...source, scope, entries: entriesUrl(source.resource) }];
    const [, service] = /^([a-z][a-z0-9-]*):entries\.read$/.exec(scope) ?? [];
    if (service === undefined) return [];
    const name = `${service} (${source.name})`;
    return [{ ...source, name, scope, entries: entriesUrl(`${source.resource.replace(/\/$/, '')}/${service}`) }];
  });
}

function answerFor({ scopes }: Target, wanted: string): WritableSource['answer'] | undefined {
  return scopes.find(({ scope }) => scope === wanted)?.answer;
}
