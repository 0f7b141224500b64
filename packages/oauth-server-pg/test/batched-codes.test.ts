import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sha256 } from '@chatelaine/crypto';
import type { OAuthStorage, ReplayGuard } from '@chatelaine/oauth-server';
import { recordStatements } from '@chatelaine/test-kit';
import fc from 'fast-check';
import pg from 'pg';
import { createPgStorage } from '../src/index.ts';
import { startSharedHarness } from './harness.ts';

// Codes that are redeemed at the same moment share one statement, and have the outcomes that they would have one by one
// (ADR 0024).

let harness: Awaited<ReturnType<typeof startSharedHarness>>;
let pool: pg.Pool;
let storage: OAuthStorage;
let recorded: ReturnType<typeof recordStatements>;
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

/** What is wrong with each code or its grant, if anything. */
const CODES = [
  'good',
  'good',
  'good',
  'grant bound already',
  'bound to its key',
  'bound to another key',
  'used',
  'invalidated',
  'expired',
  'other client',
  'grant ended',
  'family',
  'unknown',
] as const;
const REDEEMED: ReadonlySet<string> = new Set(['good', 'grant bound already', 'bound to its key', 'family']);

async function fill(world: string): Promise<void> {
  for (const [n, what] of CODES.entries()) {
    if (what === 'unknown') continue;
    const grant = `${world} ${n}`;
    await query(
      `insert into oauth_grant (bucket, id, client_id, subject, scope, ended_at, ended_by, answered_by, jkt)
       values ($1, $2, $3, 's', '{transfer}', $4, $5, $6, $7)`,
      [
        n,
        grant,
        what === 'other client' ? 'other' : world,
        what === 'grant ended' ? new Date() : null,
        what === 'grant ended' ? 'owner' : null,
        what === 'family' ? 'somebody' : null,
        what === 'grant bound already' ? 'the key' : null,
      ],
    );
    await query(
      `insert into oauth_code (bucket, hash, grant_id, client_id, redirect_uri, code_challenge, jkt, expires_at,
         used_at, spoiled_at)
       values ($1, $2, $3, $4, 'https://app.example/callback', 'challenge', $5,
         now() + $6::int * interval '1 second', $7, $8)`,
      [
        n,
        sha256(`${world} code ${n}`),
        grant,
        what === 'other client' ? 'other' : world,
        what === 'bound to its key' ? 'the key' : what === 'bound to another key' ? 'another key' : null,
        what === 'expired' ? -1 : 60,
        what === 'used' ? new Date() : null,
        what === 'invalidated' ? new Date() : null,
      ],
    );
  }
}

interface Wish {
  readonly code: number;
  readonly guards: readonly number[];
  readonly isAuthenticated: boolean;
}

function redeem(world: string, { code, guards, isAuthenticated }: Wish, index: number) {
  const token = (kind: 'ct' | 'rt') => ({
    hash: sha256(`${world} ${kind} ${index}`),
    kind,
    lifetimeSeconds: kind === 'ct' ? 60 : 600,
  });
  return storage.redeemCode({
    code: { bucket: code, hash: sha256(`${world} code ${code}`) },
    clientId: world,
    jkt: 'the key',
    isAuthenticated,
    tokens: [token('ct'), token('rt')],
    guards: guards.map(
      (jti): ReplayGuard => ({
        kind: 'dpop',
        key: world,
        jti: String(jti),
        expiresAt: Date.now() / 1000 + 100,
      }),
    ),
  });
}

describe('codes that are redeemed at the same moment', () => {
  const wish: fc.Arbitrary<Wish> = fc.record({
    code: fc.integer({ min: 0, max: CODES.length - 1 }),
    guards: fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 2 }),
    isAuthenticated: fc.boolean(),
  });

  test('give what they would give one by one, and a code that is sent twice ends its grant', async () => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(wish, { maxLength: 24 }), async (list) => {
        const world = `redeemed ${(round += 1)}`;
        await fill(world);
        const outcomes = await Promise.all(list.map((one, index) => redeem(world, one, index)));
        for (const [n, what] of CODES.entries()) {
          const mine = outcomes.flatMap((outcome, index) => (list[index]?.code === n ? [{ outcome, index }] : []));
          const judged = mine.filter(({ outcome }) => outcome.kind !== 'replayed');
          const redeemed = judged.filter(({ outcome }) => outcome.kind === 'redeemed');
          const reused = judged.filter(({ outcome }) => outcome.kind === 'reused');
          const [grant] = await query<{ ended: boolean; jkt: string | null; authenticated: boolean }>(
            'select ended_at is not null as ended, jkt, authenticated from oauth_grant where bucket = $1 and id = $2',
            [n, `${world} ${n}`],
          );
          if (REDEEMED.has(what)) {
            expect(redeemed).toHaveLength(Math.min(1, judged.length));
            expect(reused).toHaveLength(Math.max(0, judged.length - 1));
            expect(grant?.ended).toBe(judged.length > 1);
          } else expect(redeemed).toEqual([]);
          if (what === 'used') expect(reused).toHaveLength(judged.length);
          for (const { index, outcome } of mine) {
            const made = await query<{ kind: string; grant_id: string; jkt: string; generation: number | null }>(
              `select kind, grant_id, jkt, generation from oauth_token where bucket = $1 and hash = any ($2)
                order by kind`,
              [n, [sha256(`${world} ct ${index}`), sha256(`${world} rt ${index}`)]],
            );
            const of = { grant_id: `${world} ${n}`, jkt: 'the key' };
            if (outcome.kind !== 'redeemed') expect(made).toEqual([]);
            else {
              expect(made).toEqual([
                { kind: 'ct', ...of, generation: null },
                { kind: 'rt', ...of, generation: what === 'family' ? 1 : null },
              ]);
              const isAuthenticated = list[index]?.isAuthenticated === true;
              expect(outcome.grant).toMatchObject({ id: `${world} ${n}`, jkt: 'the key', isAuthenticated });
              expect(grant).toMatchObject({ jkt: 'the key', authenticated: isAuthenticated });
              const [access = 0, refresh = 0] = outcome.expiresAt;
              expect(Math.round(refresh - access)).toBe(540);
            }
          }
        }
        for (const jti of new Set(list.flatMap((one) => one.guards))) {
          const by = outcomes.filter(
            (outcome, index) => outcome.kind !== 'replayed' && list[index]?.guards.includes(jti),
          );
          expect(by.length).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('take one statement where nothing is wrong', async () => {
    await fill('together');
    recorded.take();
    const outcomes = await Promise.all(
      [0, 1, 2, 3].map((code) => redeem('together', { code, guards: [code], isAuthenticated: true }, code)),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(outcomes.map(() => 'redeemed'));
    expect(recorded.take().filter(({ text }) => text.includes('insert into oauth_token'))).toHaveLength(1);
  });

  test.each([
    ['first', [true, false]],
    ['second', [false, true]],
  ] as const)('of one grant leave it authenticated when the %s of them was', async (which, authenticated) => {
    const world = `one grant, ${which}`;
    await fill(world);
    await query(`update oauth_code set grant_id = $1 || ' 0', bucket = 0 where client_id = $1 and bucket = 1`, [world]);
    const outcomes = await Promise.all(
      authenticated.map((isAuthenticated, code) =>
        storage.redeemCode({
          code: { bucket: 0, hash: sha256(`${world} code ${code}`) },
          clientId: world,
          jkt: 'the key',
          isAuthenticated,
          tokens: [{ hash: sha256(`${world} ${code}`), kind: 'ct', lifetimeSeconds: 60 }],
          guards: [],
        }),
      ),
    );
    expect(outcomes.map(({ kind }) => kind)).toEqual(['redeemed', 'redeemed']);
    const grants = await query('select jkt, authenticated from oauth_grant where id = $1', [`${world} 0`]);
    expect(grants).toEqual([{ jkt: 'the key', authenticated: true }]);
  });

  test('do not wait for one that somebody else holds', async () => {
    await fill('held');
    const holder = await harness.pools[0].connect();
    await holder.query('begin');
    await holder.query('select from oauth_code where hash = $1 for update', [sha256('held code 0')]);
    await holder.query("select from oauth_grant where id = 'held 1' for share");
    const wishOf = (code: number): Wish => ({ code, guards: [code], isAuthenticated: false });
    const late = [0, 1].map((code) => redeem('held', wishOf(code), code));
    expect((await redeem('held', wishOf(2), 2)).kind).toBe('redeemed');
    await holder.query('rollback');
    holder.release();
    expect((await Promise.all(late)).map(({ kind }) => kind)).toEqual(['redeemed', 'redeemed']);
  });
});
