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
 * Several statements in one transaction, because the last must see what the first ones waited for. A consent that is
 * being written (issue-code.ts) locks the row of the request and then the client's, and its grant is visible only to a
 * statement that begins after it has committed.
 */
export async function deleteClient(pool: Pool, input: Input): Promise<Outcome> {
  return retry(async () => {
    const connection = await pool.connect();
    // the pool handles errors of idle connections only: without a listener, an error of this one would end the process.
    // The statement under way fails as well, so the error is not lost
    connection.on('error', ignore);
    try {
      await connection.query('begin');
      const outcome = await deleteWithGrants(connection, input);
      await connection.query('commit');
      connection.release();
      return outcome;
    } catch (error) {
      // closing the connection rolls back, whatever its state
      connection.release(true);
      throw error;
    } finally {
      connection.off('error', ignore);
    }
  });
}

const ignore = (): void => undefined;

async function deleteWithGrants(db: Db, input: Input): Promise<Outcome> {
  await run(db, DELETE_REQUESTS_OF_CLIENT, [input.id, input.registrationTokenHash]);
  const deleted = await run(db, DELETE_CLIENT, [input.id, input.registrationTokenHash]);
  if (deleted.length === 0) return { kind: 'unknown' };
  await run(db, END_GRANTS_OF_CLIENT, [input.id]);
  return { kind: 'deleted' };
}
