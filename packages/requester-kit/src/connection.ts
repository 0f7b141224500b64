import { type ClientIdentity, refresh } from '@chatelaine/oauth-client';
import type { ServerMetadata } from '@chatelaine/protocol';
import { asClient } from './identity.ts';
import type { Kit } from './options.ts';
import { type ConnectionFailure, generalFailure } from './outcome.ts';
import type { ConnectionRef, ConnectionRow } from './requester-store.ts';
import { type ConnectionSecrets, decryptConnection, encryptConnection } from './secrets.ts';

/**
 * A connection ready for use: its server, the app's client id there, and a connection token that is valid a little
 * longer.
 */
export interface OpenConnection {
  readonly kind: 'open';
  readonly server: ServerMetadata;
  readonly client: ClientIdentity;
  readonly secrets: ConnectionSecrets;
}

/** The connection token is refreshed this many seconds before it expires. */
const MARGIN = 60;

/** Opens a connection of this owner, with a fresh token if the stored one is about to expire. */
export async function open(kit: Kit, ref: ConnectionRef): Promise<OpenConnection | ConnectionFailure> {
  const row = await kit.store.findConnection(ref);
  if (row === null) return { kind: 'unknown_connection' };
  if (kit.clock.now() < row.accessExpiresAt - MARGIN) return attach(kit, row, decryptConnection(kit, row));
  return refreshed(kit, row);
}

/** Opens it with a newer token than `seen`, which the AM did not accept. */
export async function reopen(
  kit: Kit,
  ref: ConnectionRef,
  seen: OpenConnection,
): Promise<OpenConnection | ConnectionFailure> {
  const row = await kit.store.findConnection(ref);
  if (row === null) return { kind: 'unknown_connection' };
  const secrets = decryptConnection(kit, row);
  // another process may have refreshed it meanwhile
  return secrets.accessToken === seen.secrets.accessToken ? refreshed(kit, row) : attach(kit, row, secrets);
}

async function attach(
  kit: Kit,
  row: ConnectionRow,
  secrets: ConnectionSecrets,
): Promise<OpenConnection | ConnectionFailure> {
  const found = await kit.discovery.discover({ issuer: row.am, role: 'am' });
  if (found.kind === 'failed') return { kind: 'try_later', at: 'am', reason: found.detail ?? found.reason };
  return { kind: 'open', server: found.metadata, client: asClient(kit, row.clientId), secrets };
}

function refreshed(kit: Kit, row: ConnectionRow): Promise<OpenConnection | ConnectionFailure> {
  return kit.share(`refresh ${JSON.stringify([row.owner, row.connectionId])}`, () => refreshNow(kit, row));
}

async function refreshNow(kit: Kit, row: ConnectionRow): Promise<OpenConnection | ConnectionFailure> {
  const opened = await attach(kit, row, decryptConnection(kit, row));
  if (opened.kind !== 'open') return opened;
  const { server, client, secrets } = opened;
  const { refreshToken, dpopKey } = secrets;
  const answer = await refresh(kit, { server, client, relationship: 'connection', refreshToken, dpopKey });
  if (answer.kind !== 'ok') return generalFailure(answer, 'am');
  const { access_token: accessToken, refresh_token: rotated, expires_in: expiresIn } = answer.tokens;
  const fresh = { accessToken, refreshToken: rotated ?? refreshToken, dpopKey };
  const accessExpiresAt = kit.clock.now() + expiresIn;
  await kit.store.updateSecrets(row, { encrypted: encryptConnection(kit, row, fresh), accessExpiresAt });
  return { ...opened, secrets: fresh };
}
