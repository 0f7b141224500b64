import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sha256 } from '@chatelaine/crypto';
import type { OAuthStorage, ReplayGuard } from '@chatelaine/oauth-server';
import { recordStatements } from '@chatelaine/test-kit';
import fc from 'fast-check';
import pg from 'pg';
import { createPgStorage } from '../src/index.ts';
import { startSharedHarness } from './harness.ts';

// refreshes of the same moment share one statement, and have the outcomes that they would have one by one. ADR 0024

let harness: Awaited<ReturnType<typeof startSharedHarness>>;
let storage: OAuthStorage;
let recorded: ReturnType<typeof recordStatements>;
let pool: pg.Pool;
beforeAll(async () => {
  harness = await startSharedHarness();
  pool = new pg.Pool({ ...harness.pools[0].options, max: 4 });
  recorded = recordStatements(pool);
  storage = createPgStorage(pool);
});
afterAll(async () => {
  await pool.end();
  await harness.stop();
});

const query = async <Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> =>
  (await harness.pools[0].query<Row>(text, [...values])).rows;
const guard = (world: string, jti: number): ReplayGuard => ({
  kind: 'dpop',
  key: world,
  jti: String(jti),
  expiresAt: Date.now() / 1000 + 100,
});
const guards = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 2 });

/** How many got which outcome. */
function tally(outcomes: readonly { readonly kind: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of outcomes) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

describe('refreshes of the same moment', () => {
  /** What is wrong with the refresh token of each relationship, if anything. */
  const FAULTS = [null, null, null, null, 'ended', 'expired', 'other client', 'rotated', 'unknown'] as const;
  const refresh = (world: string, wish: { of: number; guards: readonly number[] }, index: number) =>
    storage.refresh({
      refreshToken: { bucket: wish.of, hash: sha256(`${world} rt ${wish.of}`) },
      clientId: world,
      idleSeconds: 3600,
      accessToken: { hash: sha256(`${world} new ${index}`), kind: 'ct', lifetimeSeconds: 60 },
      guards: wish.guards.map((jti) => guard(world, jti)),
    });

  async function fill(world: string): Promise<void> {
    const each = FAULTS.map((fault, of) => ({ fault, of }));
    for (const { fault, of } of each) {
      if (fault === 'unknown') continue;
      await query(
        `insert into oauth_grant (bucket, id, client_id, subject, scope, jkt, ended_at, ended_by, answered_by)
         values ($1, $2, $3, 's', '{transfer}', $4, $5, $6, $7)`,
        [
          of,
          `${world} ${of}`,
          fault === 'other client' ? 'other' : world,
          `key ${of}`,
          fault === 'ended' ? new Date() : null,
          fault === 'ended' ? 'owner' : null,
          fault === 'rotated' ? 'somebody' : null,
        ],
      );
      await query(
        `insert into oauth_token (bucket, hash, kind, grant_id, expires_at)
         values ($1, $2, 'rt', $3, now() + $4::int * interval '1 second')`,
        [of, sha256(`${world} rt ${of}`), `${world} ${of}`, fault === 'expired' ? -1 : 100],
      );
    }
  }

  test('give what they would give one by one: a token of its own relationship each, or none', async () => {
    let round = 0;
    const wish = fc.record({ of: fc.integer({ min: 0, max: FAULTS.length - 1 }), guards });
    await fc.assert(
      fc.asyncProperty(fc.array(wish, { maxLength: 30 }), async (list) => {
        const world = `refreshed ${(round += 1)}`;
        await fill(world);
        const outcomes = await Promise.all(list.map((one, index) => refresh(world, one, index)));
        for (const [index, outcome] of outcomes.entries()) {
          const of = list[index]?.of ?? -1;
          const hash = sha256(`${world} new ${index}`);
          const [made] = await query<{ grant_id: string; jkt: string }>(
            'select grant_id, jkt from oauth_token where bucket = $1 and hash = $2',
            [of, hash],
          );
          if (outcome.kind !== 'refreshed') expect(made).toBeUndefined();
          else {
            expect(outcome.grant.id).toBe(`${world} ${of}`);
            expect(made).toEqual({ grant_id: `${world} ${of}`, jkt: `key ${of}` });
          }
          if (outcome.kind !== 'replayed') expect(outcome.kind).toBe(FAULTS[of] === null ? 'refreshed' : 'unknown');
        }
        for (const jti of new Set(list.flatMap((one) => one.guards))) {
          const by = outcomes.filter(
            (outcome, index) => outcome.kind !== 'replayed' && list[index]?.guards.includes(jti),
          );
          expect(by.length).toBeLessThanOrEqual(1);
        }
        const longer = await query<{ bucket: number }>(
          `select bucket from oauth_token t join oauth_grant g using (bucket) where kind = 'rt' and g.id = t.grant_id
             and g.client_id = $1 and t.expires_at > now() + interval '1000 seconds' order by bucket`,
          [world],
        );
        const refreshed = new Set(list.flatMap(({ of }, index) => (outcomes[index]?.kind === 'refreshed' ? [of] : [])));
        expect(longer.map(({ bucket }) => bucket)).toEqual([...refreshed].toSorted((a, b) => a - b));
      }),
      { numRuns: 20 },
    );
  });

  test('take one statement where nothing is wrong', async () => {
    await fill('together');
    recorded.take();
    const outcomes = await Promise.all([0, 1, 2, 3].map((of) => refresh('together', { of, guards: [of] }, of)));
    expect(tally(outcomes)).toEqual({ refreshed: 4 });
    expect(recorded.take().filter(({ text }) => text.includes('insert into oauth_token'))).toHaveLength(1);
  });

  test('do not wait for one whose token somebody else holds', async () => {
    await fill('held');
    const holder = await harness.pools[0].connect();
    await holder.query('begin');
    await holder.query('select from oauth_token where hash = $1 for update', [sha256('held rt 0')]);
    const late = refresh('held', { of: 0, guards: [100] }, 0);
    const others = await Promise.all([1, 2, 3].map((of) => refresh('held', { of, guards: [100 + of] }, of)));
    expect(tally(others)).toEqual({ refreshed: 3 });
    await holder.query('rollback');
    holder.release();
    expect((await late).kind).toBe('refreshed');
  });
});
