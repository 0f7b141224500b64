import { defineQuery, inTransaction, run, runOne } from '@chatelaine/postgres';
import { LIVE_CONNECTIONS } from '../connections/live.ts';
import { SHOWN, widen, type Widened } from '../connections/widen-store.ts';
import type { Deps } from '../deps.ts';
import { appendToTimeline, movePolicyVersion } from '../links/owner-store.ts';
import type { ShownHost } from './consent-form.ts';

/** A live connection of a client that asks again. */
export interface LiveConnection extends Widened {
  readonly expires_at: Date | null;
  readonly created_at: Date;
  /** Thumbprint of its key. */
  readonly jkt: string | null;
  /** Whether the client authenticated itself when it asked for the connection, or since. */
  readonly authenticated: boolean;
}

/** How many connections are read. */
const MOST = 20;

const CONNECTIONS = defineQuery<LiveConnection>({
  name: 'consent_live_connections',
  text: `select c.id, c.created_at, c.expires_at, g.jkt, g.authenticated, ${SHOWN} from ${LIVE_CONNECTIONS}
    where c.owner_id = $1 and c.client_id = $2 and c.resource is null order by c.created_at desc, c.id desc
      limit ${MOST}`,
});

/** The live connections of a client to this owner, the newest first. */
export function liveConnections(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, clientId }: { ownerId: string; clientId: string },
): Promise<LiveConnection[]> {
  return run(pool, CONNECTIONS, [ownerId, clientId]);
}

const ONE = defineQuery<LiveConnection>({
  name: 'consent_live_connection',
  text: `select c.id, c.created_at, c.expires_at, g.jkt, g.authenticated, ${SHOWN} from ${LIVE_CONNECTIONS}
    where c.owner_id = $1 and c.client_id = $2 and c.resource is null and c.id = $3 and g.jkt = $4`,
});
const STOPPED_SINCE = defineQuery({
  name: 'consent_stopped_since',
  text: `select from stop_epoch where owner_id in ($1, '') and client_id in ($2, '')
    and stopped_at >= to_timestamp($3)`,
});
/**
 * Lets a connection ask for more. What it has stays as it is, and what is added ends with it; what it has already is
 * not added again. False, and nothing is added, if no such connection bound to this key is live, or if the owner has
 * stopped anything of the app since it asked (PROTOCOL §7).
 */
export async function addToConnection(
  { pool }: Pick<Deps, 'pool'>,
  input: {
    id: string;
    ownerId: string;
    clientId: string;
    jkt: string;
    /** When the client asked, in epoch seconds. */
    begunAt: number;
    shown: readonly ShownHost[];
  },
): Promise<boolean> {
  const { id, ownerId, clientId, jkt, begunAt } = input;
  return inTransaction(pool, async (tx) => {
    // first, as in every transaction that changes what is decided
    if (!(await movePolicyVersion(tx, ownerId))) return false;
    if ((await run(tx, STOPPED_SINCE, [ownerId, clientId, begunAt])).length > 0) return false;
    const connection = await runOne(tx, ONE, [ownerId, clientId, id, jkt]);
    if (connection === null) return false;
    for (const { hostId, linkId, answers } of input.shown) {
      const there = connection.shown.find((one) => one.hostId === hostId);
      // PROTOCOL §2.1: a connection uses one account at each Host
      if (there !== undefined && there.linkId !== linkId) continue;
      for (const { scope, effect } of answers) {
        if (there?.scopes.includes(scope) === true) continue;
        await widen(tx, connection, { ownerId, hostId, added: { linkId, scope, effect } });
        await appendToTimeline(tx, ownerId, 'scope_added', { connection: id, link: linkId, scope, effect });
      }
    }
    return true;
  });
}
