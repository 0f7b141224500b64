import { bucketOf } from '@chatelaine/crypto';
import { parseScope } from '@chatelaine/protocol';
import type { OwnApp, OwnConnection } from '../apps/app-store.ts';
import type { Deps } from '../deps.ts';
import { type Decision, decide, type Snapshot } from '../transfer/decide.ts';
import { readSnapshotsOf } from '../transfer/snapshot-store.ts';
import type { TriedThing } from './choices-store.ts';

/** How a request by one of the app's connections would be decided. */
export interface Trial {
  readonly connection: OwnConnection;
  readonly decision: Decision;
  /** What the connection may ask for there; null if it is not shown that account. */
  readonly shown: readonly string[] | null;
}

/**
 * What would be decided if this app asked for this scope now, for each of its connections, newest first. It is read as
 * for a transfer and decided by the same function; nothing is written or counted, and nobody is asked. PROTOCOL §3.2.
 */
export async function tryIt(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, app, thing }: { ownerId: string; app: OwnApp; thing: TriedThing },
): Promise<readonly Trial[]> {
  const scopes = parseScope(thing.scope) ?? [];
  const asked = app.connections.map((connection) => ({
    bucket: bucketOf(ownerId),
    connectionId: connection.id,
    resource: resourceOf(connection, thing),
    scopes,
  }));
  const snapshots = await readSnapshotsOf(pool, asked);
  return app.connections.map((connection, index) => {
    const snapshot = atAccount(snapshots[index] ?? null, thing.linkId);
    return {
      connection,
      decision: decide(snapshot, { ...asItAsks(connection, snapshot), clientId: app.clientId, scopes }),
      shown: snapshot?.target?.shown ?? null,
    };
  });
}

/** The resource of a stock client's connection; for others any of the Host's, since all are decided alike. */
const resourceOf = ({ resource }: OwnConnection, { resources, hostIssuer }: TriedThing): string =>
  resource ?? resources[0] ?? hostIssuer;

/** A connection that uses another account at the Host cannot ask for this one. */
const atAccount = (snapshot: Snapshot | null, linkId: string): Snapshot | null =>
  snapshot === null || snapshot.target?.linkId === linkId ? snapshot : { ...snapshot, target: null };

/** Asks with the connection's key; without one if it has never shown any. */
function asItAsks(
  { id, jkt }: OwnConnection,
  snapshot: Snapshot | null,
): Pick<Parameters<typeof decide>[1], 'subject' | 'binding'> {
  const subject = { kind: 'grant', bucket: snapshot?.bucket ?? 0, id } as const;
  if (jkt !== null) return { subject, binding: { kind: 'key', jkt } };
  return snapshot?.target?.bearer === true
    ? { subject, binding: { kind: 'bearer' } }
    : { subject, binding: { kind: 'key', jkt: 'a first key' } };
}
