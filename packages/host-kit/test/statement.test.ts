import { createHmac } from 'node:crypto';
import { generateSigningKey, publicJwks, type SigningKey } from '@chatelaine/crypto';
import { afterAll, describe, expect, test } from '@jest/globals';
import { type Answer } from '@chatelaine/test-kit';
import { expectBadToken } from './support/expect-refused.ts';
import type { TransferInput } from './support/test-am.ts';
import { createLinkedWorld } from './support/world.ts';

const { world, host, link } = await createLinkedWorld();
afterAll(() => world.close());

const now = (): number => Math.floor(Date.now() / 1000);
const transfer = (input: Partial<TransferInput> = {}): Promise<Answer> => world.am.transfer(host, { link, ...input });

describe('the statement', () => {
  const faults: readonly [string, () => Partial<TransferInput>][] = [
    ['with another aud', () => ({ claims: { aud: 'https://other.example' } })],
    ['with a list as aud, even of this Host alone', () => ({ claims: { aud: [host.issuer] } })],
    ['with the token endpoint as aud', () => ({ claims: { aud: `${host.issuer}/token` } })],
    ['without aud', () => ({ claims: { aud: undefined } })],
    ['by another iss', () => ({ claims: { iss: world.otherAm.issuer } })],
    ['by the client id as iss', () => ({ claims: { iss: world.am.clientId(host) } })],
    ['with an iss that is no string', () => ({ claims: { iss: [world.am.issuer] } })],
    ['that has expired', () => ({ claims: { iat: now() - 61, exp: now() - 1 } })],
    ['from the future', () => ({ claims: { iat: now() + 61, exp: now() + 90 } })],
    ['without exp', () => ({ claims: { exp: undefined } })],
    ['without iat', () => ({ claims: { iat: undefined } })],
    ['with exp as a string', () => ({ claims: { exp: String(now() + 30) } })],
    ['that lives longer than 60 s', () => ({ claims: { exp: now() + 120 } })],
    ['without jti', () => ({ claims: { jti: undefined } })],
    ['with a jti of 300 characters', () => ({ claims: { jti: 'j'.repeat(300) } })],
    ['without sub', () => ({ claims: { sub: undefined } })],
    ['without ath', () => ({ claims: { ath: undefined } })],
    ['with the ath of another token', () => ({ claims: { ath: 'A'.repeat(43) } })],
    ['for another resource', () => ({ claims: { resource: `${host.issuer}/other` } })],
    ['for another scope', () => ({ claims: { scope: 'entries.write' } })],
    ['for a wider scope', () => ({ claims: { scope: 'entries.read entries.write' } })],
    ['without grant_id', () => ({ claims: { grant_id: undefined } })],
    ['with a grant_id that is none', () => ({ claims: { grant_id: 'short' } })],
    ['with neither cnf nor bearer', () => ({ claims: { cnf: undefined } })],
    ['with both cnf and bearer', () => ({ claims: { bearer: true } })],
    ['with bearer: false instead of cnf', () => ({ claims: { cnf: undefined, bearer: false } })],
    ['with an empty cnf', () => ({ claims: { cnf: {} } })],
    ['with a jkt that is no thumbprint', () => ({ claims: { cnf: { jkt: 'x' } } })],
    ['that wants a bearer token where the Host allows none', () => ({ claims: { cnf: undefined, bearer: true } })],
  ];
  test.each(faults)('%s is refused', async (_name, input) => expectBadToken(await transfer(input())));

  test.each(['JWT', 'client-authentication+jwt', 'at+jwt', 'dpop+jwt', 'requester-statement+jwt'])(
    'of typ %s is refused',
    async (typ) => {
      expectBadToken(await transfer({ actorToken: await world.am.statement(host, { link, typ }) }));
    },
  );

  test('signed by a key that is not published is refused', async () => {
    expectBadToken(
      await transfer({ actorToken: await world.am.statement(host, { link, signedBy: generateSigningKey() }) }),
    );
  });

  test('signed by the key of another AM is refused, under its own name too', async () => {
    const signedBy = world.otherAm.key;
    expectBadToken(await transfer({ actorToken: await world.am.statement(host, { link, signedBy }) }));
    expectBadToken(await transfer({ actorToken: await world.otherAm.statement(host, { link }) }));
  });

  test('with a signature that does not fit, none at all, or a symmetric one is refused', async () => {
    const good = await world.am.statement(host, { link });
    const [header = '', payload = '', signature = ''] = good.split('.');
    const other = (await world.am.statement(host, { link })).split('.')[2] ?? '';
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const hmacHead = encode({ alg: 'HS256', typ: 'transfer-statement+jwt', kid: world.am.key.kid });
    const secret = JSON.stringify(publicJwks([world.am.key]).keys[0]);
    const forged = [
      `${header}.${payload}.${other}`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${header}.${payload}.${signature}.x`,
      ...['none', 'None', 'NONE', 'RS256'].map(
        (alg) => `${encode({ alg, typ: 'transfer-statement+jwt' })}.${payload}.${alg === 'RS256' ? signature : ''}`,
      ),
      `${hmacHead}.${payload}.${createHmac('sha256', secret).update(`${hmacHead}.${payload}`).digest('base64url')}`,
    ];
    for (const actorToken of forged) expectBadToken(await transfer({ actorToken }));
    expect((await transfer({ actorToken: good })).status).toBe(200);
  });

  test('naming a kid of no key, a path, or 10 KB is refused', async () => {
    for (const kid of ['unknown', '../../etc/passwd', "' or 1=1 --", 'k'.repeat(10_000)]) {
      const signedBy: SigningKey = { ...world.am.key, kid };
      world.am.keys = [world.am.key, generateSigningKey()];
      const answer = await transfer({ actorToken: await world.am.statement(host, { link, signedBy }) });
      world.am.keys = [world.am.key];
      // 10 KB is longer than any field may be
      expect([answer.status, answer.json['error']]).toEqual([400, 'invalid_request']);
    }
  });

  test('is good once, on every process of the Host', async () => {
    const replica = await world.replica(host);
    const actorToken = await world.am.statement(host, { link });
    expect((await transfer({ actorToken })).status).toBe(200);
    expectBadToken(await transfer({ actorToken }));
    expectBadToken(await world.am.transfer(replica, { link, actorToken }));
  });

  test('sent many times at once mints one token, over two processes', async () => {
    const replica = await world.replica(host);
    const actorToken = await world.am.statement(host, { link });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        world.am.transfer(index % 2 === 0 ? host : replica, { link, actorToken }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 200)) expectBadToken(answer);
  });

  test('is spent by a request that was refused, too', async () => {
    const actorToken = await world.am.statement(host, { link });
    expect((await transfer({ actorToken, form: { audience: 'https://other.example' } })).json['error']).toBe(
      'invalid_target',
    );
    const narrow = await world.am.link(host, { tick: ['entries.read'] });
    const spent = await world.am.statement(host, { link: narrow, scope: 'entries.write' });
    expect(
      (await world.am.transfer(host, { link: narrow, scope: 'entries.write', actorToken: spent })).json['error'],
    ).toBe('invalid_scope');
    expectBadToken(await world.am.transfer(host, { link: narrow, scope: 'entries.write', actorToken: spent }));
  });

  test('made for one Host is worth nothing at another', async () => {
    const other = await world.host({ name: 'calendar' });
    const there = await world.am.link(other);
    const actorToken = await world.am.statement(host, { link: there });
    expectBadToken(await world.am.transfer(other, { link: there, actorToken }));
  });

  test('made for one owner’s link is worth nothing with another’s', async () => {
    const bob = await world.am.link(host, { user: 'bob' });
    const actorToken = await world.am.statement(host, { link });
    expectBadToken(await world.am.transfer(host, { link: bob, actorToken }));
  });
});
