import { describe, expect, test } from '@jest/globals';
import { ready } from './support/app.ts';
import { deploymentForAll } from './support/deployment.ts';

const deployment = await deploymentForAll();

const exchanges = () => deployment.received.filter((one) => one.form.has('subject_token')).length;
const refreshes = () => deployment.received.filter((one) => one.form.get('grant_type') === 'refresh_token').length;

describe('the connection token', () => {
  test('is refreshed before its end, once for all who ask, keeping the refresh token', async () => {
    const { input, requester } = await ready(deployment);
    deployment.pass(3541);
    const scopes = ['a', 'b', 'c'];
    const outcomes = await Promise.all(scopes.map((scope) => requester.transfer({ ...input, scope })));
    expect(outcomes.every((outcome) => outcome.kind === 'token')).toBe(true);
    expect(refreshes()).toBe(1);
    deployment.pass(3600);
    expect(await requester.transfer(input)).toMatchObject({ kind: 'token' });
    expect(refreshes()).toBe(2);
  });

  test('that the AM no longer takes is refreshed once and the transfer repeated', async () => {
    const { input, requester } = await ready(deployment);
    deployment.alive.access.clear();
    expect(await requester.transfer(input)).toMatchObject({ kind: 'token' });
    expect([refreshes(), exchanges()]).toEqual([1, 2]);
  });

  test('another process renewed is taken over without a refresh of our own', async () => {
    const { app, input, ref, requester } = await ready(deployment);
    const twin = app.twin();
    deployment.alive.access.clear();
    const [one, two] = await Promise.all([requester.transfer(input), twin.targets(ref)]);
    expect([one.kind, two.kind]).toEqual(['token', 'targets']);
  });

  test('gone for good means reconnecting, without hammering', async () => {
    const { input, ref, requester } = await ready(deployment);
    deployment.alive.access.clear();
    deployment.alive.refresh.clear();
    expect(await requester.transfer(input)).toEqual({ kind: 'reconnect' });
    expect(await requester.targets(ref)).toEqual({ kind: 'reconnect' });
    expect(refreshes()).toBe(2);
    deployment.on['am /token'] = ({ form }) =>
      form.has('subject_token')
        ? { status: 400, json: { error: 'invalid_request' } }
        : { json: { access_token: 'ct', token_type: 'DPoP', expires_in: 3600, scope: 'transfer' } };
    expect(await requester.transfer(input)).toEqual({ kind: 'reconnect' });
  });
});

describe('a refusal keeps its meaning', () => {
  const answers: [number, Record<string, unknown>, Record<string, unknown>][] = [
    [400, { error: 'access_denied', denied_by: 'host' }, { kind: 'access_denied', by: 'host', requestable: false }],
    [
      400,
      { error: 'access_denied', denied_by: 'am', requestable: true },
      { kind: 'access_denied', by: 'am', requestable: true },
    ],
    [400, { error: 'access_denied' }, { kind: 'access_denied', by: 'unknown' }],
    [400, { error: 'invalid_target' }, { kind: 'invalid_target' }],
    [400, { error: 'invalid_scope' }, { kind: 'invalid_scope' }],
    [401, { error: 'invalid_client' }, { kind: 'reconnect' }],
    [400, { error: 'unauthorized_client' }, { kind: 'unusable' }],
    [429, { error: 'temporarily_unavailable' }, { kind: 'try_later', at: 'am', retryAfter: 7 }],
    [502, { error: 'server_error' }, { kind: 'try_later', at: 'host' }],
    [503, { error: 'temporarily_unavailable' }, { kind: 'try_later', at: 'am', retryAfter: 7 }],
    // the AM is up, and reports that the Host is not
    [
      503,
      { error: 'temporarily_unavailable', unavailable: 'host' },
      { kind: 'try_later', at: 'host', reason: '503 temporarily_unavailable', retryAfter: 7 },
    ],
    [503, { error: 'temporarily_unavailable', unavailable: 'moon' }, { kind: 'try_later', at: 'am', retryAfter: 7 }],
    [504, { error: 'temporarily_unavailable' }, { kind: 'try_later', at: 'host' }],
  ];
  test.each(answers)('%d %j', async (status, json, expected) => {
    const { input, requester } = await ready(deployment);
    deployment.on['am /token'] = () => ({ status, json, headers: { 'retry-after': '7' } });
    expect(await requester.transfer(input)).toMatchObject(expected);
  });

  test('interaction_required leads to the AM and nowhere else', async () => {
    const { input, requester } = await ready(deployment);
    const answer = (interaction_uri?: string) => () => ({
      status: 400,
      json: { error: 'interaction_required', interaction_uri },
    });
    deployment.on['am /token'] = answer(`${deployment.am}/asks/1`);
    const asked = await requester.transfer(input);
    expect(asked).toEqual({ kind: 'interaction_required', interactionUri: `${deployment.am}/asks/1` });
    for (const uri of ['http://evil.localhost/asks', 'javascript:alert(1)', '/asks/1', undefined]) {
      deployment.on['am /token'] = answer(uri);
      expect(await requester.transfer(input)).toMatchObject({ kind: 'unusable' });
    }
  });

  test('a yes to a part says to which, and never to more than was asked for', async () => {
    const { input, requester } = await ready(deployment);
    const answered = async (allowed_scope: string) => {
      deployment.on['am /token'] = () => ({
        status: 400,
        json: { error: 'access_denied', denied_by: 'am', requestable: true, allowed_scope },
      });
      return requester.transfer({ ...input, scope: ['entries.read', 'entries.write'] });
    };
    const denied = { kind: 'access_denied', by: 'am', requestable: true };
    expect(await answered('entries.read')).toEqual({ ...denied, allowed: ['entries.read'] });
    for (const more of ['entries.read everything', '', '"']) expect(await answered(more)).toEqual(denied);
  });

  test('a pause is told apart from a no', async () => {
    const { input, requester } = await ready(deployment);
    const json = { error: 'access_denied', denied_by: 'am', requestable: false, paused: true };
    deployment.on['am /token'] = () => ({ status: 400, json });
    expect(await requester.transfer(input)).toEqual({
      kind: 'access_denied',
      by: 'am',
      requestable: false,
      paused: true,
    });
  });

  test('an AM that is away can be tried later', async () => {
    const { input, ref, requester } = await ready(deployment);
    deployment.callSeconds = 0.1;
    deployment.on['am /token'] = () => new Promise(() => undefined);
    deployment.on['am /targets'] = () => ({ status: 503, json: { error: 'temporarily_unavailable' } });
    expect(await requester.transfer(input)).toMatchObject({ kind: 'try_later' });
    expect(await requester.targets(ref)).toMatchObject({ kind: 'try_later' });
  });
});

describe('targets', () => {
  test('are what the AM lists for this connection', async () => {
    const { ref, requester } = await ready(deployment);
    const outcome = await requester.targets(ref);
    expect(outcome).toMatchObject({ kind: 'targets', targets: [{ resource: deployment.resource, account: 'kim' }] });
  });

  test('of another shape are refused', async () => {
    const { ref, requester } = await ready(deployment);
    for (const json of [undefined, [], { targets: [{ resource: 1 }] }, 'x']) {
      deployment.on['am /targets'] = () => ({ json });
      expect(await requester.targets(ref)).toMatchObject({ kind: 'unusable' });
    }
  });
});

describe('calling a Host', () => {
  test('proves the key of the connection and returns what the Host answers', async () => {
    const { input, requester } = await ready(deployment);
    const outcome = await requester.fetch(input, `${deployment.resource}/entries`);
    if (outcome.kind !== 'response') throw new Error(outcome.kind);
    expect(await outcome.response.json()).toEqual({ entries: [] });
    deployment.on['host /api/entries'] = () => ({ status: 403, json: { error: 'insufficient_scope' } });
    expect(await requester.fetch(input, `${deployment.resource}/entries`)).toMatchObject({
      kind: 'response',
      response: { status: 403 },
    });
  });

  test('sends method and body with the proof for that method', async () => {
    const { input, requester } = await ready(deployment);
    const init = { method: 'post', headers: { 'content-type': 'application/json' }, body: '{"text":"hi"}' };
    const outcome = await requester.fetch(input, `${deployment.resource}/entries`, init);
    expect(outcome).toMatchObject({ kind: 'response', response: { status: 200 } });
    expect(deployment.received.at(-1)).toMatchObject({ method: 'POST', body: '{"text":"hi"}' });
  });

  test('takes a fresh token once on 401', async () => {
    const { input, requester } = await ready(deployment);
    await requester.transfer(input);
    deployment.alive.hostTokens.clear();
    const outcome = await requester.fetch(input, `${deployment.resource}/entries`);
    expect(outcome).toMatchObject({ kind: 'response', response: { status: 200 } });
    deployment.on['host /api/entries'] = () => ({ status: 401, json: { error: 'invalid_token' } });
    const before = deployment.count('host /api/entries');
    const refused = await requester.fetch(input, `${deployment.resource}/entries`);
    expect(refused).toMatchObject({ kind: 'response', response: { status: 401 } });
    expect(deployment.count('host /api/entries') - before).toBe(2);
    delete deployment.on['host /api/entries'];
    await requester.fetch(input, `${deployment.resource}/entries`);
    deployment.alive.hostTokens.clear();
    deployment.received.length = 0;
    const [held, seen] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    deployment.on['host /api/entries'] = async (one) => {
      const answer = await deployment.behave(one);
      if (deployment.count('host /api/entries') > 1) return answer;
      seen.resolve();
      await held.promise;
      return answer;
    };
    const late = requester.fetch(input, `${deployment.resource}/entries`);
    await seen.promise;
    expect(await requester.fetch(input, `${deployment.resource}/entries`)).toMatchObject({ response: { status: 200 } });
    held.resolve();
    expect(await late).toMatchObject({ response: { status: 200 } });
    expect(exchanges()).toBe(1);
  });

  test('sends the token nowhere but under its resource', async () => {
    const { input, requester } = await ready(deployment);
    deployment.received.length = 0;
    for (const url of [
      'http://evil.localhost/api/entries',
      `${deployment.am}/api/entries`,
      `${deployment.host}/apix`,
      `${deployment.host}/`,
      `${deployment.resource}/../other`,
      `${deployment.resource}/%2e%2e/other`,
      `${deployment.resource}/..%2fother`,
      `http://kim:x@${deployment.host.slice(7)}/api/entries`,
      `${deployment.host}@evil.localhost/api`,
      '/api/entries',
      'not a url',
    ]) {
      expect([url, await requester.fetch(input, url)]).toMatchObject([url, { kind: 'unusable' }]);
    }
    expect(deployment.received).toHaveLength(0);
  });

  test('that is down or answers too much is no exception', async () => {
    const { input, requester } = await ready(deployment);
    deployment.on['host /api/entries'] = () => ({ json: { entries: 'x'.repeat(70_000) } });
    expect(await requester.fetch(input, `${deployment.resource}/entries`)).toMatchObject({ kind: 'unusable' });
    deployment.on['host /api/entries'] = () => new Promise(() => undefined);
    const hasty = { timeoutSeconds: 0.1 };
    expect(await requester.fetch(input, `${deployment.resource}/entries`, hasty)).toMatchObject({
      kind: 'try_later',
      at: 'host',
    });
  });
});

describe('disconnecting', () => {
  test('revokes the refresh token at the AM and forgets everything here', async () => {
    const { input, ref, requester } = await ready(deployment);
    await requester.transfer(input);
    expect(await requester.disconnect(ref)).toEqual({ kind: 'ended' });
    const revocation = deployment.received.at(-1)?.form;
    expect(revocation?.get('token')).toMatch(/^rt-/);
    expect(revocation?.get('token_type_hint')).toBe('refresh_token');
    expect(await requester.connections('kim')).toEqual([]);
    expect(await requester.transfer(input)).toEqual({ kind: 'unknown_connection' });
    expect(await requester.disconnect(ref)).toEqual({ kind: 'unknown_connection' });
  });

  test('forgets it also when the AM cannot be told, and says so', async () => {
    const { ref, requester } = await ready(deployment);
    deployment.on['am /revoke'] = () => ({ status: 503, json: { error: 'temporarily_unavailable' } });
    expect(await requester.disconnect(ref)).toMatchObject({ kind: 'ended_here', am: deployment.am });
    expect(await requester.connections('kim')).toEqual([]);
  });
});
