import type { ConnectionRow, RequesterStore, StateRow } from '@chatelaine/requester-kit';
import { defineQuery, type Pool, run, runOne } from '@chatelaine/postgres';
import type { Connection, PrismaClient } from './generated/prisma/client.ts';

interface StateColumns {
  owner_id: string;
  session: string;
  am: string;
  client_id: string;
  sealed: Buffer;
}

// connections that were started and never finished are deleted when the next one starts
const PUT_STATE = defineQuery({
  name: 'connect_state.put',
  text: `with expired as (delete from connect_state where expires_at <= now())
    insert into connect_state (state_hash, owner_id, session, am, client_id, sealed, expires_at)
    values ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7))`,
});
const TAKE_STATE = defineQuery<StateColumns>({
  name: 'connect_state.take',
  text: `delete from connect_state where state_hash = $1 and owner_id = $2 and session = $3 and expires_at > now()
    returning owner_id, session, am, client_id, sealed`,
});

const PUT_AGREEMENT = defineQuery({
  name: 'agreement.put',
  text: `insert into agreement (jti, owner_id, connection_id, record, am_keys)
    values ($1, $2, $3, $4, $5) on conflict (jti) do nothing`,
});
const FIND_AGREEMENT = defineQuery<{ record: string; am_keys: unknown }>({
  name: 'agreement.find',
  text: 'select record, am_keys from agreement where jti = $1 and owner_id = $2 and connection_id = $3',
});

/**
 * The kit's store on Postgres: started connections with named queries, connections with Prisma. The kit encrypts all
 * secrets.
 */
export function createRequesterStore({ pool, prisma }: { pool: Pool; prisma: PrismaClient }): RequesterStore {
  return {
    async putState(row, lifetimeSeconds) {
      const { owner, session, am, clientId, encrypted } = row;
      await run(pool, PUT_STATE, [hashOf(row), owner, session, am, clientId, encrypted, lifetimeSeconds]);
    },
    async takeState(key) {
      const row = await runOne(pool, TAKE_STATE, [hashOf(key), key.owner, key.session]);
      return row && { ...key, am: row.am, clientId: row.client_id, encrypted: row.sealed };
    },
    async putConnection({ connectionId: id, owner: ownerId, am, clientId, encrypted, accessExpiresAt }) {
      const secrets = { sealed: Uint8Array.from(encrypted), accessExpiresAt: toDate(accessExpiresAt) };
      await prisma.connection.create({ data: { id, ownerId, am, clientId, ...secrets } });
    },
    async findConnection({ connectionId: id, owner: ownerId }) {
      const row = await prisma.connection.findFirst({ where: { id, ownerId } });
      return row && fromRow(row);
    },
    async listConnections(ownerId) {
      const rows = await prisma.connection.findMany({
        where: { ownerId },
        orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      });
      return rows.map(fromRow);
    },
    async updateSecrets({ connectionId: id, owner: ownerId }, { encrypted, accessExpiresAt }) {
      const data = { sealed: Uint8Array.from(encrypted), accessExpiresAt: toDate(accessExpiresAt) };
      await prisma.connection.updateMany({ where: { id, ownerId }, data });
    },
    async deleteConnection({ connectionId: id, owner: ownerId }) {
      await prisma.connection.deleteMany({ where: { id, ownerId } });
    },
    async putAgreement({ jti, owner, connectionId, record, amKeys }) {
      await run(pool, PUT_AGREEMENT, [jti, owner, connectionId, record, amKeys]);
    },
    async findAgreement({ jti, owner, connectionId }) {
      const row = await runOne(pool, FIND_AGREEMENT, [jti, owner, connectionId]);
      return row && { jti, owner, connectionId, record: row.record, amKeys: JSON.stringify(row.am_keys) };
    },
  };
}

const hashOf = ({ stateHash }: Pick<StateRow, 'stateHash'>): Buffer => Buffer.from(stateHash, 'base64url');
const toDate = (seconds: number): Date => new Date(seconds * 1000);

function fromRow({ id, ownerId, am, clientId, sealed, accessExpiresAt }: Connection): ConnectionRow {
  const expires = accessExpiresAt.getTime() / 1000;
  return { connectionId: id, owner: ownerId, am, clientId, encrypted: sealed, accessExpiresAt: expires };
}
