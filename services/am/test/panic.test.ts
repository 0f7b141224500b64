import { patience } from '@chatelaine/test-kit';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bucketOf } from '@chatelaine/crypto';
import { createWorld, makeLink, type World } from './support/world.ts';

const RELATIONSHIPS = 10_000;

let world: World;

beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

describe('the panic button', () => {
  test('V9 ends ten thousand connections in one action, within a minute, and leaves none out', async () => {
    const person = await world.person();
    const linkId = await makeLink(world, person);
    const { pool } = world;
    const { ownerId } = person;
    // by SQL: ten thousand consents through the pages would take as long as all other tests
    const names = `select 'con_panic_' || n as id, translate(encode(substr(sha256(n::text::bytea), 1, 16), 'base64'),
      '+/=', '-_') as grant_id from generate_series(1, $1) as n`;
    await pool.query(
      `insert into connection (id, owner_id, client_id, client_name) select id, $2, 'https://app.example/client', 'App'
        from (${names}) c`,
      [RELATIONSHIPS, ownerId],
    );
    await pool.query(
      `insert into connection_host (connection_id, host_id, link_id, scopes, grant_id)
       select c.id, l.host_id, l.id, array['entries.read'], c.grant_id from (${names}) c, link l where l.id = $2`,
      [RELATIONSHIPS, linkId],
    );
    await pool.query(
      `insert into oauth_grant (bucket, id, client_id, subject, scope, jkt)
       select $3, id, 'https://app.example/client', $2, array['transfer'], 'key' from (${names}) c`,
      [RELATIONSHIPS, ownerId, bucketOf(ownerId)],
    );
    // as autovacuum would have by then
    await pool.query('analyze connection, connection_host, oauth_grant');
    const began = performance.now();
    const answer = await person.browser.submit('/apps', '/stop-everything');
    expect(answer.status).toBeLessThan(400);
    expect(performance.now() - began).toBeLessThan(patience(60));
    const { rows } = await pool.query<{ alive: number; shown: number; revoked: number }>(
      `select (select count(*) from oauth_grant where subject = $1 and ended_at is null)::int as alive,
        (select count(*) from connection where owner_id = $1 and ended_at is null)::int as shown,
        (select count(*) from revocation where owner_id = $1)::int as revoked`,
      [ownerId],
    );
    expect(rows).toEqual([{ alive: 0, shown: 0, revoked: expect.any(Number) }]);
    expect(rows[0]?.revoked).toBeGreaterThan(0);
  });
});
