import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Embedded, startEmbedded } from '@chatelaine/dev-postgres';
import type { ReplayGuard } from '@chatelaine/oauth-server';
import { type PgHarness, startHarness } from './harness.ts';

let server: Embedded;
let harness: PgHarness;
beforeAll(async () => {
  server = await startEmbedded();
  harness = await startHarness(server);
});
afterAll(async () => {
  await harness.stop();
  await server.stop();
});

const freshGuard = (): ReplayGuard => ({
  kind: 'dpop',
  key: 'k',
  jti: randomBytes(16).toString('hex'),
  expiresAt: Date.now() / 1000 + 600,
});

/**
 * Makes the next `times` writes to the replay table fail with this SQLSTATE. A sequence counts them, since it survives
 * the rollback.
 */
async function failNext(times: number, sqlState: string): Promise<void> {
  await harness.pools[0].query(`
    drop sequence if exists failures;
    create sequence failures;
    create or replace function fail() returns trigger language plpgsql as $$
    begin
      if nextval('failures') <= ${times} then raise exception 'made to fail' using errcode = '${sqlState}'; end if;
      return new;
    end $$;
    create or replace trigger fails before insert on oauth_replay for each row execute function fail();
  `);
}

describe('when the database fails', () => {
  test.each(['40001', '40P01'])(
    'a step that lost a race (%s) is run again and burns its proof once',
    async (sqlState) => {
      await failNext(3, sqlState);
      const guard = freshGuard();
      expect(await harness.replicas[0].burn([guard])).toEqual({ kind: 'burned' });
      expect(await harness.replicas[1].burn([guard])).toEqual({ kind: 'replayed', guard: 'dpop' });
    },
  );

  test('a step that keeps failing is given up after three retries', async () => {
    await failNext(4, '40001');
    await expect(harness.replicas[0].burn([freshGuard()])).rejects.toMatchObject({ code: '40001' });
  });

  test('any other error is thrown at once, and leaves no guard burned', async () => {
    await failNext(1, '53100');
    const guard = freshGuard();
    await expect(harness.replicas[0].burn([guard])).rejects.toMatchObject({ code: '53100' });
    expect(await harness.replicas[0].burn([guard])).toEqual({ kind: 'burned' });
  });

  test('a proof that was burned stays burned through a crash of the database', async () => {
    await failNext(0, '40001');
    const guards = Array.from({ length: 20 }, freshGuard);
    await Promise.all(guards.map((guard) => harness.replicas[0].burn([guard])));
    await server.crash();
    await expect(harness.replicas[0].burn([freshGuard()])).rejects.toThrow();
    await server.restart();
    for (const guard of guards)
      expect(await harness.replicas[1].burn([guard])).toEqual({ kind: 'replayed', guard: 'dpop' });
  });
});
