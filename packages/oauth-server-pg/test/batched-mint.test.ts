import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sha256 } from '@chatelaine/crypto';
import type { OAuthStorage, ReplayGuard } from '@chatelaine/oauth-server';
import { recordStatements } from '@chatelaine/test-kit';
import fc from 'fast-check';
import pg from 'pg';
import { createPgStorage } from '../src/index.ts';
import { startSharedHarness } from './harness.ts';

// concurrent mints share one statement, and each has the outcome that it would have alone. ADR 0024

let harness: Awaited<ReturnType<typeof startSharedHarness>>;
beforeAll(async () => {
  harness = await startSharedHarness();
});
afterAll(() => harness.stop());

const query = (text: string, values: readonly unknown[]) => harness.pools[0].query(text, [...values]);
const AUDIENCE = 'https://photos.example/api';
const ISSUER = 'https://am.example';

/** Of link 5 the grant has ended, link 6 is another client's, and there is no link 7. */
const LINKS = 6;
const TRANSFER_GRANTS = ['alive', 'ended', 'new'] as const;

/** Links, each with a transfer grant that is alive and one that has ended; `world` names them all. */
async function fill(world: string): Promise<void> {
  await query(
    `insert into oauth_grant (bucket, id, client_id, subject, scope, transfer_scope, ended_at, ended_by)
     select n, $1 || n, case n when 6 then 'other' else 'c' end, 's', '{transfer}', '{a,b}',
       case n when 5 then now() end, case n when 5 then 'owner' end
     from generate_series(1, ${LINKS}) n`,
    [world],
  );
  await query(
    `insert into oauth_token (bucket, hash, kind, grant_id, expires_at)
     select n, sha256(($1 || n)::bytea), 'lt', $1 || n, now() + interval '1 hour' from generate_series(1, ${LINKS}) n`,
    [world],
  );
  await query(
    `insert into oauth_transfer_grant (client_id, id, bucket, grant_id, act_iss, act_sub, last_minted_at, ended_at)
     select 'c', $1 || n || kind, n, $1 || n, '${ISSUER}', 'r1', now(), case kind when 'ended' then now() end
     from generate_series(1, ${LINKS}) n, unnest(array['alive', 'ended']) kind`,
    [world],
  );
}

interface Wish {
  readonly link: number;
  readonly under: (typeof TRANSFER_GRANTS)[number];
  readonly scope: readonly string[];
  readonly requester: 'r1' | 'r2';
  readonly guards: readonly number[];
}
const wish: fc.Arbitrary<Wish> = fc.record({
  link: fc.integer({ min: 1, max: LINKS + 1 }),
  under: fc.constantFrom(...TRANSFER_GRANTS),
  scope: fc.subarray(['a', 'b', 'x'], { minLength: 1 }),
  requester: fc.constantFrom('r1', 'r1', 'r1', 'r2'),
  guards: fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { maxLength: 2 }),
});

function mint(storage: OAuthStorage, world: string, { wish: one, at }: { wish: Wish; at: number }) {
  const { link, under, scope, requester } = one;
  // a new one belongs to whoever mints first, and the outcome must not depend on the order
  const sub = under === 'new' ? 'r1' : requester;
  const guards = one.guards.map(
    (n): ReplayGuard => ({
      kind: 'dpop',
      key: world,
      jti: String(n),
      expiresAt: Date.now() / 1000 + 100,
    }),
  );
  return storage.mintTransfer({
    linkToken: { bucket: link, hash: sha256(world + link) },
    clientId: 'c',
    transferGrantId: `${world}${link}${under}`,
    token: {
      hash: sha256(`${world} ${at}`),
      lifetimeSeconds: 300,
      scope,
      audience: AUDIENCE,
      jkt: `key ${at}`,
      act: { iss: ISSUER, sub },
      actorName: at % 3 === 0 ? null : `Reader ${at}`,
      actorUri: null,
    },
    guards,
  });
}

describe('concurrent mints', () => {
  test('have the same outcomes as one by one: each token is its own link’s, and each guard is fresh once', async () => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(wish, { maxLength: 40 }), async (wishes) => {
        round += 1;
        const [together, singly] = [`t${round} `, `s${round} `];
        await fill(together);
        await fill(singly);
        const outcomes = await Promise.all(
          wishes.map((one, at) => mint(harness.replicas[at % 2 === 0 ? 0 : 1], together, { wish: one, at })),
        );
        for (const [at, one] of wishes.entries()) {
          const outcome = outcomes[at];
          const alone = await mint(harness.replicas[0], singly, { wish: { ...one, guards: [] }, at });
          const shares = wishes.some(
            (other, index) => index !== at && other.guards.some((guard) => one.guards.includes(guard)),
          );
          if (outcome?.kind !== 'replayed' || !shares) expect(outcome?.kind).toBe(alone.kind);
          const found = await harness.replicas[0].findToken({ bucket: one.link, hash: sha256(`${together} ${at}`) });
          if (outcome?.kind !== 'minted') expect(found).toBeNull();
          else
            expect(found).toMatchObject({
              grant: { id: `${together}${one.link}`, bucket: one.link, clientId: 'c' },
              scope: one.scope,
              jkt: `key ${at}`,
              audience: AUDIENCE,
              expiresAt: outcome.expiresAt,
            });
        }
        for (const guard of new Set(wishes.flatMap(({ guards }) => guards))) {
          const served = wishes.filter(({ guards }, at) => guards.includes(guard) && outcomes[at]?.kind !== 'replayed');
          expect(served.length).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: 25 },
    );
  });

  test('a locked transfer grant makes only its own mint wait', async () => {
    await fill('held ');
    const pool = new pg.Pool({ ...harness.pools[0].options, max: 4 });
    const recorded = recordStatements(pool);
    const storage = createPgStorage(pool);
    const client = await harness.pools[1].connect();
    await client.query('begin');
    await client.query(`select 1 from oauth_transfer_grant where id = 'held 1alive' for update`);
    const of = (link: number) =>
      mint(storage, 'held ', {
        wish: { link, under: 'alive', scope: ['a'], requester: 'r1', guards: [link] },
        at: link,
      });
    const [held, ...others] = [1, 2, 3, 4].map(of);
    // the others are answered before the first
    for (const other of await Promise.all(others)) expect(other).toMatchObject({ kind: 'minted' });
    await client.query(`update oauth_transfer_grant set ended_at = now() where id = 'held 1alive'`);
    await client.query('commit');
    client.release();
    expect(await held).toEqual({ kind: 'ended' });
    expect(recorded.take().filter(({ text }) => text.includes('skip locked'))).toHaveLength(1);
    // its guard was burned once, by the statement that it left
    expect(await of(1)).toEqual({ kind: 'replayed', guard: 'dpop' });
    await pool.end();
  });
});
