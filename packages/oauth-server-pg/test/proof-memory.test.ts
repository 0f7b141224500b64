import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Embedded, startEmbedded } from '@chatelaine/dev-postgres';
import type { Proof, TokenKey } from '@chatelaine/oauth-server';
import { type PgHarness, startHarness } from './harness.ts';

// used proofs that a crash, a failover or a restored dump may have made the table forget. ADR 0023

let server: Embedded;
let harness: PgHarness;
let token: TokenKey;
const AUDIENCE = 'https://photos.example/api';
const JKT = 'thumbprint';

beforeAll(async () => {
  server = await startEmbedded();
  harness = await startHarness(server);
  token = { bucket: 7, hash: randomBytes(32) };
  await query(
    `insert into oauth_grant (bucket, id, client_id, subject, scope, transfer_scope)
      values (7, 'g', 'c', 's', '{transfer}', '{a}')`,
  );
  await query(
    `insert into oauth_transfer_grant (client_id, id, bucket, grant_id, act_iss, act_sub, last_minted_at)
     values ('c', '0123456789012345678901', 7, 'g', 'i', 'u', now())`,
  );
  await query(
    `insert into oauth_token (bucket, hash, kind, grant_id, jkt, scope, audience, act_iss, act_sub, transfer_grant_id,
      expires_at)
     values (7, $1, 'at', 'g', $2, '{a}', $3, 'i', 'u', '0123456789012345678901', now() + interval '1 day')`,
    [token.hash, JKT, AUDIENCE],
  );
});
afterAll(async () => {
  await harness.stop();
  await server.stop();
});

async function query(text: string, values: unknown[] = []): Promise<unknown[]> {
  return (await harness.pools[0].query(text, values)).rows;
}
const proofAt = (iat: number): Proof => ({ jkt: JKT, jti: randomBytes(16).toString('hex'), iat, expiresAt: iat + 120 });
const now = (): number => Date.now() / 1000;
const use = async (proof: Proof, replica: 0 | 1 = 0): Promise<string> =>
  (await harness.replicas[replica].useToken({ token, audience: AUDIENCE, proof })).proof;

/** Makes the memory begin this many seconds earlier. */
const begun = (seconds: number): Promise<unknown> =>
  query(`update oauth_proof set began_at = began_at - $1 * interval '1 second' where began_at is not null`, [seconds]);

describe('the memory of spent proofs', () => {
  test('survives a restart of every process, because the database has it', async () => {
    const proof = proofAt(now());
    expect(await use(proof)).toBe('spent');
    expect(await use(proof, 1)).toBe('replayed');
  });

  test.each([
    ['now', 0],
    ['a minute ago', -59],
    ['as far ahead as it may be without a durable row', 4],
    ['far ahead, which is remembered durably', 45],
  ])(
    'that a crash has emptied takes no proof that was spent before, made %s, however often it is sent',
    async (_when, offset) => {
      await begun(600);
      const proof = proofAt(now() + offset);
      expect(await use(proof)).toBe('spent');
      await server.crash();
      await server.restart();
      for (const replica of [0, 1, 0] as const) expect(['forgotten', 'replayed']).toContain(await use(proof, replica));
      // half a minute later
      await begun(30);
      const aged = { ...proof, iat: proof.iat - 30, expiresAt: proof.expiresAt - 30 };
      expect(['forgotten', 'replayed']).toContain(await use(aged));
    },
  );

  test('accepts new proofs again a few seconds after a crash, each of them once', async () => {
    await query(`delete from oauth_proof`);
    expect(await use(proofAt(now()))).toBe('forgotten');
    expect(await use(proofAt(now()), 1)).toBe('forgotten');
    await begun(11);
    const proof = proofAt(now());
    expect(await use(proof)).toBe('spent');
    expect(await use(proof, 1)).toBe('replayed');
  });

  test('is begun by one of many processes that miss it at the same time, and by no later one', async () => {
    await query('delete from oauth_proof');
    const all = await Promise.all(Array.from({ length: 20 }, (_, n) => use(proofAt(now()), n % 2 === 0 ? 0 : 1)));
    expect(new Set(all)).toEqual(new Set(['forgotten']));
    const [{ began_at: first } = {}] = (await query(`select began_at from oauth_proof where began_at is not null`)) as {
      began_at?: Date;
    }[];
    await use(proofAt(now()));
    const [{ began_at: then } = {}] = (await query(`select began_at from oauth_proof where began_at is not null`)) as {
      began_at?: Date;
    }[];
    expect(then).toEqual(first);
  });

  test('that came from a dump is not used: it lacks what was used after the dump', async () => {
    await begun(600);
    expect(await use(proofAt(now()))).toBe('spent');
    await query(`update oauth_proof set memory_of = 1 where began_at is not null`);
    expect(await use(proofAt(now()))).toBe('forgotten');
    await begun(11);
    expect(await use(proofAt(now()))).toBe('spent');
  });

  test('costs no commit that waits for a disk: a call writes to the WAL no more than a read does', async () => {
    const [{ persistence } = {}] = (await query(
      `select relpersistence::text as persistence from pg_class where oid = 'oauth_proof'::regclass`,
    )) as { persistence?: string }[];
    expect(persistence).toBe('u');
    const before = Number(((await query('select count(*) from oauth_replay')) as { count: string }[])[0]?.count);
    await use(proofAt(now()));
    expect(Number(((await query('select count(*) from oauth_replay')) as { count: string }[])[0]?.count)).toBe(before);
  });
});
