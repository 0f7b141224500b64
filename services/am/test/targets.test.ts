import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createDpopProof, generateSigningKey, mintToken, type SigningKey } from '@chatelaine/crypto';
import type { Answer } from '@chatelaine/test-kit';
import { TestDeployment, type Story } from './support/deployment.ts';
import { clock, exchange } from './support/requester.ts';

let deployment: TestDeployment;
let story: Story;

interface Over {
  readonly by?: Story;
  readonly token?: string;
  readonly scheme?: string;
  readonly key?: SigningKey;
  readonly authorization?: string | readonly string[] | null;
  readonly proofs?: readonly string[];
  readonly port?: number;
}

const proofFor = (accessToken: string, key: SigningKey, over: { htm?: string; path?: string } = {}): Promise<string> =>
  createDpopProof({
    key,
    htm: over.htm ?? 'GET',
    htu: `${deployment.issuer}${over.path ?? '/targets'}`,
    accessToken,
    clock,
  });

async function targets(over: Over = {}): Promise<Answer> {
  const by = over.by ?? story;
  const token = over.token ?? by.connection.accessToken;
  const proofs = over.proofs ?? [await proofFor(token, over.key ?? by.requester.key)];
  const authorization = over.authorization === undefined ? `${over.scheme ?? 'DPoP'} ${token}` : over.authorization;
  // an array becomes that many headers, even where Node's types allow only one
  const authorized = authorization === null ? {} : ({ authorization } as Record<string, string>);
  return exchange(over.port ?? deployment.ams[0].port, {
    method: 'GET',
    path: '/targets',
    headers: { dpop: [...proofs], ...authorized },
  });
}

async function refused(answer: Promise<Answer>, error: string): Promise<Answer> {
  const seen = await answer;
  expect({ status: seen.status, error: seen.json['error'] }).toEqual({ status: 401, error });
  expect(seen.headers['www-authenticate']).toContain(`DPoP error="${error}"`);
  expect(seen.headers['cache-control']).toBe('no-store');
  return seen;
}

beforeAll(async () => {
  deployment = await TestDeployment.build();
  story = await deployment.story({ 'photos.read': 'allow', 'photos.write': 'ask' });
});
beforeEach(() => deployment.host.reset());
afterAll(() => deployment.close());

describe('the targets of a connection', () => {
  it('are the Hosts it was shown, each scope with its answer as it is now, and nothing else', async () => {
    const { status, headers, json } = await targets();
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(json).toEqual({
      targets: [
        {
          resource: deployment.host.resource,
          issuer: deployment.host.issuer,
          name: 'Photos',
          account: 'my Photos',
          scopes: expect.any(Array),
        },
      ],
    });
    const [target] = json['targets'] as { scopes: { scope: string; answer: string }[] }[];
    expect(target?.scopes.toSorted((a, b) => a.scope.localeCompare(b.scope))).toEqual([
      { scope: 'photos.read', answer: 'allow' },
      { scope: 'photos.write', answer: 'ask' },
    ]);
  });

  it('follow the owner’s rules, the Host’s ceiling and the end of a link at once, at either process', async () => {
    const changing = await deployment.story({ 'photos.read': 'allow', 'photos.write': 'ask' });
    const answers = async (): Promise<unknown> => {
      const { json } = await targets({ by: changing, port: deployment.ams[1].port });
      const [target] = json['targets'] as { scopes: { scope: string; answer: string }[] }[];
      return target === undefined
        ? 'none'
        : Object.fromEntries(target.scopes.map(({ scope, answer }) => [scope, answer]));
    };
    await deployment.rows(`update rule set effect = 'deny' where connection_id = $1 and scope = 'photos.write'`, [
      changing.connection.id,
    ]);
    expect(await answers()).toEqual({ 'photos.read': 'allow', 'photos.write': 'deny' });
    await deployment.rows(`update link set transfer_scope = array['photos.write'] where id = $1`, [changing.linkId]);
    expect(await answers()).toEqual({ 'photos.write': 'deny' });
    await changing.owner.browser.submit('/hosts', `/hosts/${changing.linkId}/stop`);
    expect(await answers()).toBe('none');
  });

  it('never hold another connection’s, though owner, Requester and Host are the same', async () => {
    const other = { ...story, connection: await deployment.connect({ ...story, answers: { 'albums.read': 'ask' } }) };
    const [target] = (await targets({ by: other })).json['targets'] as { scopes: unknown }[];
    expect(target?.scopes).toEqual([{ scope: 'albums.read', answer: 'ask' }]);
  });
});

describe('a request for targets', () => {
  it('without a token, or with any that is not this connection’s living one, gets one answer', async () => {
    const stopped = await deployment.beside(story, { 'photos.read': 'allow' });
    await stopped.owner.browser.submit('/apps', `/apps/${stopped.connection.id}/stop`);
    const expired = await deployment.beside(story, { 'photos.read': 'allow' });
    await deployment.rows(`update oauth_token set expires_at = now() - interval '1 second' where grant_id = $1`, [
      expired.connection.id,
    ]);
    const { accessToken, refreshToken } = story.connection;
    const answers = [
      await refused(targets({ authorization: null }), 'invalid_token'),
      await refused(targets({ scheme: 'Bearer' }), 'invalid_token'),
      await refused(targets({ scheme: 'Basic' }), 'invalid_token'),
      await refused(targets({ token: 'garbage' }), 'invalid_token'),
      await refused(targets({ token: mintToken('ct', 7) }), 'invalid_token'),
      await refused(targets({ token: mintToken('lt', 7) }), 'invalid_token'),
      await refused(targets({ token: refreshToken }), 'invalid_token'),
      await refused(targets({ key: generateSigningKey() }), 'invalid_token'),
      await refused(targets({ by: stopped }), 'invalid_token'),
      await refused(targets({ by: expired }), 'invalid_token'),
    ];
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    // two Authorization headers are refused before any token is looked up
    const twice = await targets({ authorization: [`DPoP ${accessToken}`, `DPoP ${accessToken}`] });
    expect([twice.status, twice.json['error']]).toEqual([400, 'invalid_request']);
    expect((await targets()).status).toBe(200);
  });

  it.each<[string, () => Promise<string[]>]>([
    ['none', async () => []],
    [
      'two',
      async () => [
        await proofFor(story.connection.accessToken, story.requester.key),
        await proofFor(story.connection.accessToken, story.requester.key),
      ],
    ],
    ['one for another token', async () => [await proofFor(mintToken('ct', 7), story.requester.key)]],
    [
      'one for another method',
      async () => [await proofFor(story.connection.accessToken, story.requester.key, { htm: 'POST' })],
    ],
    [
      'one for another path',
      async () => [await proofFor(story.connection.accessToken, story.requester.key, { path: '/token' })],
    ],
    ['one without ath', async () => [await story.requester.proof('/targets', { htm: 'GET' })]],
    ['garbage', async () => ['x.y.z']],
  ])('needs one good proof; with %s it is refused', async (_what, proofs) => {
    await refused(targets({ proofs: await proofs() }), 'invalid_dpop_proof');
  });

  it('uses its proof up, at both processes', async () => {
    const proofs = [await proofFor(story.connection.accessToken, story.requester.key)];
    expect((await targets({ proofs })).status).toBe(200);
    for (const { port } of deployment.ams) {
      expect((await targets({ proofs, port })).json['error']).toBe('invalid_dpop_proof');
    }
  });

  it('of a stranger leaves nothing behind: proofs are remembered only for keys that have a connection', async () => {
    const remembered = async () =>
      (await deployment.rows<{ id: string }>(`select encode(id, 'hex') as id from oauth_replay`)).map(({ id }) => id);
    const before = await remembered();
    for (let n = 0; n < 5; n++) await targets({ token: mintToken('ct', n), key: generateSigningKey() });
    // older entries may have been deleted by now
    expect(before).toEqual(expect.arrayContaining(await remembered()));
  });

  it('by another method is 405', async () => {
    const answer = await exchange(deployment.ams[0].port, { method: 'POST', path: '/targets' });
    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET']);
  });

  it('when the owner’s rules cannot be read is 503, and says "allow" of nothing', async () => {
    const unreadable = await deployment.beside(story, { 'photos.read': 'allow' });
    await deployment.rows('alter table rule drop constraint rule_effect_check');
    await deployment.rows(`update rule set effect = 'maybe' where connection_id = $1`, [unreadable.connection.id]);
    const answer = await targets({ by: unreadable });
    expect([answer.status, answer.json['error']]).toEqual([503, 'temporarily_unavailable']);
    expect((await unreadable.owner.browser.get('/apps')).text).not.toContain('without asking');
  });
});
