import type { OAuthStorage } from '@chatelaine/oauth-server';
import type { Pool } from 'pg';
import { type Db, type Query, retry, run } from '@chatelaine/postgres';

const DELETE_REQUESTS_OF_CLIENT: Query = {
  name: 'oauth_delete_requests_of_client',
  text: `delete from oauth_request r using oauth_client c
  where c.id = $1 and c.registration_token_hash = $2 and r.client_id = c.id`,
};

const DELETE_CLIENT: Query = {
  name: 'oauth_delete_client',
  text: 'delete from oauth_client where id = $1 and registration_token_hash = $2 returning id',
};

const END_GRANTS_OF_CLIENT: Query = {
  name: 'oauth_end_grants_of_client',
  text: `update oauth_grant set ended_at = now(), ended_by = 'client' where client_id = $1 and ended_at is null`,
};

type Input = Parameters<OAuthStorage['deleteClient']>[0];
type Outcome = Awaited<ReturnType<OAuthStorage['deleteClient']>>;

/**
 * Several statements in one transaction, because the last must see what the others waited for: an owner's consent that
 * is being written (issue-code.ts) holds the request's and then the client's row, and its grant is visible only to a
 * statement that begins after it.
 */
export async function deleteClient(pool: Pool, input: Input): Promise<Outcome> {
  return retry(async () => {
    const connection = await pool.connect();
    // the pool hears only its idle connections: one that breaks in here would end the process. Its statement fails as
    // well
    connection.on('error', heard);
    try {
      await connection.query('begin');
      const outcome = await deleteWithGrants(connection, input);
      await connection.query('commit');
      connection.release();
      return outcome;
    } catch (error) {
      // closing the connection rolls back, whatever state it is in
      connection.release(true);
      throw error;
    } finally {
      connection.off('error', heard);
    }
  });
}

const heard = (): void => undefined;

async function deleteWithGrants(db: Db, input: Input): Promise<Outcome> {
  await run(db, DELETE_REQUESTS_OF_CLIENT, [input.id, input.registrationTokenHash]);
  const deleted = await run(db, DELETE_CLIENT, [input.id, input.registrationTokenHash]);
  if (deleted.length === 0) return { kind: 'unknown' };
  await run(db, END_GRANTS_OF_CLIENT, [input.id]);
  return { kind: 'deleted' };
}
