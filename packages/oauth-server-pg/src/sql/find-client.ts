import type { OAuthStorage, StoredClient } from '@chatelaine/oauth-server';
import { batched, type Db, type Query, rowsOf, run } from '@chatelaine/postgres';

const COLUMNS = 'id, metadata, extract(epoch from created_at)::float8 as created_at, secret_hash';

const FIND_CLIENT: Query<Row> = {
  name: 'oauth_find_client',
  text: `select ${COLUMNS} from oauth_client where id = $1`,
};

const FIND_CLIENTS: Query<Row> = {
  name: 'oauth_find_clients',
  text: `select client.* from ${rowsOf(['text'])} as wanted (wanted_id, n)
  cross join lateral (select ${COLUMNS} from oauth_client where id = wanted_id limit 1) as client`,
};

const FIND_CLIENT_BY_REGISTRATION_TOKEN: Query<Row> = {
  name: 'oauth_find_client_by_registration_token',
  text: `select ${COLUMNS} from oauth_client where id = $1 and registration_token_hash = $2`,
};

interface Row {
  id: string;
  metadata: StoredClient['metadata'];
  created_at: number;
  secret_hash: Buffer | null;
}

/** {@link OAuthStorage.findClient}. Concurrent calls share one statement. */
export const clientFinder = (db: Db): OAuthStorage['findClient'] =>
  batched({
    one: async (id) => {
      const [row] = await run(db, FIND_CLIENT, [id]);
      return toClient(row);
    },
    many: async (ids) => {
      const rows = await run(db, FIND_CLIENTS, [[...new Set(ids)]]);
      const found = new Map(rows.map((row) => [row.id, row]));
      return ids.map((id) => toClient(found.get(id)));
    },
  });

export async function findClientByRegistrationToken(
  db: Db,
  input: Parameters<OAuthStorage['findClientByRegistrationToken']>[0],
): Promise<StoredClient | null> {
  const [row] = await run(db, FIND_CLIENT_BY_REGISTRATION_TOKEN, [input.id, input.hash]);
  return toClient(row);
}

const toClient = (row: Row | undefined): StoredClient | null =>
  row === undefined
    ? null
    : { id: row.id, metadata: row.metadata, createdAt: row.created_at, secretHash: row.secret_hash };
