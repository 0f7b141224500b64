import { challengeOf, hostTag } from '@chatelaine/crypto';
import { describe, expect, test } from '@jest/globals';
import { amMetadata } from '@chatelaine/test-kit';
import type { ShareAsHost } from '../src/index.ts';
import { connected, startApp } from './support/app.ts';
import { deploymentForAll } from './support/deployment.ts';

const deployment = await deploymentForAll();

async function started(app = startApp(deployment), owner = 'kim', session = 's1') {
  const outcome = await app.requester.connect({ owner, session, am: deployment.am });
  if (outcome.kind !== 'redirect') throw new Error(JSON.stringify(outcome));
  return { app, url: deployment.agree(outcome.redirectTo) };
}

test('an owner connects by the address as people type it', async () => {
  const { requester } = startApp(deployment);
  const outcome = await requester.connect({ owner: 'kim', am: ` ${deployment.am.toUpperCase()}/ ` });
  if (outcome.kind !== 'redirect') throw new Error('not started');
  expect(new URL(outcome.redirectTo).origin).toBe(deployment.am);
  const finished = await requester.callback({ owner: 'kim', url: deployment.agree(outcome.redirectTo) });
  expect(finished.kind).toBe('connected');
  expect(await requester.connections('kim')).toMatchObject([{ am: deployment.am }]);
  expect(await requester.connections('sam')).toEqual([]);
});

test('the callback may reach another process than the one that started', async () => {
  const { app, url } = await started();
  expect(await app.twin().callback({ owner: 'kim', session: 's1', url })).toMatchObject({ kind: 'connected' });
});

describe('a callback makes no token call when', () => {
  const refused = async (url: string, who: { owner?: string; session?: string } = {}, app = startApp(deployment)) => {
    deployment.received.length = 0;
    const outcome = await app.requester.callback({ owner: 'kim', session: 's1', ...who, url });
    expect(outcome).toMatchObject({ kind: 'refused', sentence: expect.stringContaining('not the answer') });
    expect(deployment.count('am /token')).toBe(0);
  };

  test('its state is missing or given twice', async () => {
    const { app, url } = await started();
    await refused(url.replace(/state=[^&]+&/, ''), {}, app);
    await refused(`${url}&state=x`, {}, app);
    await refused('', {}, app);
  });

  test('its state is made up', async () => {
    const { app, url } = await started();
    await refused(url.replace(/state=[^&]+/, 'state=made-up'), {}, app);
  });

  test('its state was used before', async () => {
    const { app, url } = await started();
    expect(await app.requester.callback({ owner: 'kim', session: 's1', url })).toMatchObject({ kind: 'connected' });
    await refused(url, {}, app);
  });

  test('two arrive at once: one connects', async () => {
    const { app, url } = await started();
    const input = { owner: 'kim', session: 's1', url };
    const outcomes = await Promise.all([app.requester.callback(input), app.twin().callback(input)]);
    expect(outcomes.map((outcome) => outcome.kind).sort()).toEqual(['connected', 'refused']);
  });

  test('another owner or another browser session started it, and the right one can still finish', async () => {
    const { app, url } = await started();
    await refused(url, { owner: 'sam' }, app);
    await refused(url, { session: 's2' }, app);
    expect(await app.requester.callback({ owner: 'kim', session: 's1', url })).toMatchObject({ kind: 'connected' });
  });

  test('it was started ten minutes ago', async () => {
    const { app, url } = await started();
    deployment.pass(600);
    await refused(url, {}, app);
  });

  test('iss is missing or of another server', async () => {
    for (const change of [/&iss=[^&]+/, /iss=[^&]+/]) {
      const { app, url } = await started();
      await refused(url.replace(change, change.source.startsWith('&') ? '' : 'iss=http://evil.localhost'), {}, app);
    }
  });
});

test('a refusal of the owner is told, and nothing is stored', async () => {
  const { app, url } = await started();
  const query = new URL(url).searchParams;
  const back = new URLSearchParams({ error: 'access_denied', state: query.get('state') ?? '', iss: deployment.am });
  const outcome = await app.requester.callback({ owner: 'kim', session: 's1', url: back.toString() });
  expect(outcome).toMatchObject({ kind: 'denied' });
  expect(await app.requester.connections('kim')).toEqual([]);
});

test('an AM that is not one, misbehaves or is away gives a sentence and no connection', async () => {
  const { requester } = startApp(deployment);
  const outcomes = [];
  for (const am of ['nonsense address', 'ftp://x', 'http://nobody.localhost:9', deployment.host]) {
    outcomes.push(await requester.connect({ owner: 'kim', am }));
  }
  deployment.on['am /par'] = () => ({ status: 400, json: { error: 'invalid_request' } });
  outcomes.push(await requester.connect({ owner: 'kim', am: deployment.am }));
  deployment.on['am /par'] = () => ({ status: 200, json: {} });
  outcomes.push(await requester.connect({ owner: 'kim', am: deployment.am }));
  for (const outcome of outcomes)
    expect(outcome).toMatchObject({ kind: 'failed', sentence: expect.stringMatching(/\.$/) });
  delete deployment.on['am /par'];
  for (const json of [{ access_token: 't', token_type: 'Bearer', expires_in: 1, scope: 'transfer' }, { error: 'x' }]) {
    deployment.on['am /token'] = () => ({ json });
    const { app, url } = await started();
    expect(await app.requester.callback({ owner: 'kim', session: 's1', url })).toMatchObject({ kind: 'failed' });
    expect(await app.requester.connections('kim')).toEqual([]);
  }
});

test('what is stored shows no token, verifier, state or private key', async () => {
  const app = startApp(deployment);
  const seen: string[] = [];
  const { putState, putConnection } = app.store;
  app.store.putState = (row, seconds) => {
    seen.push(JSON.stringify({ ...row, encrypted: Buffer.from(row.encrypted).toString('latin1') }));
    return putState(row, seconds);
  };
  app.store.putConnection = (row) => {
    seen.push(JSON.stringify({ ...row, encrypted: Buffer.from(row.encrypted).toString('latin1') }));
    return putConnection(row);
  };
  const outcome = await app.requester.connect({ owner: 'kim', am: deployment.am });
  if (outcome.kind !== 'redirect') throw new Error('not started');
  const url = deployment.agree(outcome.redirectTo);
  await app.requester.callback({ owner: 'kim', url });
  const form = deployment.received.find((one) => one.form.has('code_verifier'))?.form;
  const secrets = [new URL(url).searchParams.get('state'), form?.get('code_verifier'), 'ct-', 'rt-', '"d"'];
  for (const secret of secrets) expect(secret).toBeTruthy();
  for (const secret of secrets) expect(seen.join('\n')).not.toContain(secret);
});

test('every connection has a key of its own', async () => {
  const { requester } = startApp(deployment);
  await connected(deployment, requester);
  await connected(deployment, requester);
  const keys = deployment.received.filter((one) => one.path === 'am /par').map((one) => one.form.get('dpop_jkt'));
  expect(new Set(keys).size).toBe(2);
});

describe('what the app publishes', () => {
  test('is its client document and its public keys', () => {
    const { requester } = startApp(deployment);
    expect(requester.clientMetadata()).toMatchObject({
      client_id: 'https://app.example/client',
      client_name: 'Small app',
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: 'https://app.example/jwks',
      dpop_bound_access_tokens: true,
    });
    expect(requester.jwks().keys).toHaveLength(1);
    expect(JSON.stringify(requester.jwks())).not.toContain('"d":');
  });

  test('names its icon, where it has one, in its document and when it registers', async () => {
    const logoUri = 'https://app.example/icon.png';
    const app = startApp(deployment, 'document', { logoUri });
    expect(app.requester.clientMetadata()).toMatchObject({ logo_uri: logoUri });
    expect(startApp(deployment).requester.clientMetadata()).not.toHaveProperty('logo_uri');
    await connected(deployment, startApp(deployment, 'dynamic', { logoUri }).requester);
    const registration = deployment.received.find(({ path }) => path === 'am /register');
    expect(JSON.parse(registration?.body ?? '')).toMatchObject({ logo_uri: logoUri });
  });
});

describe('an app without a public URL', () => {
  test('registers once at each AM and goes by that name', async () => {
    const app = startApp(deployment, 'dynamic');
    await connected(deployment, app.requester);
    await connected(deployment, app.twin(), 'sam');
    expect(app.requester.clientMetadata()).toBeNull();
    expect(deployment.count('am /register')).toBe(1);
    const [registration] = deployment.received.filter((one) => one.path === 'am /register');
    expect(JSON.parse(registration?.body ?? '')).toMatchObject({ jwks: { keys: [{ kty: 'EC' }] } });
    expect(registration?.body).not.toContain('"d":');
  });

  test('registers again when the AM has forgotten it', async () => {
    const app = startApp(deployment, 'dynamic');
    await connected(deployment, app.requester);
    let refusals = 0;
    deployment.on['am /par'] = ({ form }) =>
      refusals++ === 0
        ? { status: 401, json: { error: 'invalid_client' } }
        : { status: 201, json: { request_uri: `urn:${form.get('client_id')}`, expires_in: 90 } };
    expect(await app.requester.connect({ owner: 'kim', am: deployment.am })).toMatchObject({ kind: 'redirect' });
    expect(deployment.count('am /register')).toBe(2);
  });

  test('can take its registration back', async () => {
    const app = startApp(deployment, 'dynamic');
    await connected(deployment, app.requester);
    expect(await app.requester.unregister(deployment.am)).toEqual({ kind: 'ended' });
    const last = deployment.received.at(-1);
    expect(last).toMatchObject({ method: 'DELETE', headers: { authorization: 'Bearer cha_ra_x' } });
    expect(await app.requester.unregister(deployment.am)).toEqual({ kind: 'ended' });
  });
});

describe('an app that is a Host, too', () => {
  const HOST = 'https://app.example';
  const start = () => startApp(deployment, 'document', { host: HOST });
  const inOneStep = () => {
    const json = { ...amMetadata(deployment.am), chatelaine_host_grant_supported: true };
    deployment.on['am /.well-known/oauth-authorization-server'] = () => ({ json });
  };
  const connect = (app: ReturnType<typeof startApp>, shareAsHost: ShareAsHost) =>
    app.requester.connect({ owner: 'kim', session: 's1', am: deployment.am, shareAsHost });

  test('says so in its client document', () => {
    expect(start().requester.clientMetadata()).toMatchObject({ chatelaine_host: HOST });
    expect(startApp(deployment).requester.clientMetadata()).not.toHaveProperty('chatelaine_host');
  });

  test('takes along what its Host grants the AM for the challenge of this request, only when asked to', async () => {
    inOneStep();
    const app = start();
    const asked: Parameters<ShareAsHost>[0][] = [];
    const outcome = await connect(app, async (input) => {
      asked.push(input);
      return { kind: 'issued', hostGrant: 'cha_ac_x' };
    });
    if (outcome.kind !== 'redirect') throw new Error(JSON.stringify(outcome));
    expect(asked[0]?.amClientId).toBe(`${deployment.am}/clients/${hostTag(HOST)}`);
    const [par] = deployment.received.filter(({ path }) => path === 'am /par');
    expect(Object.fromEntries(par?.form ?? [])).toMatchObject({
      host: HOST,
      host_grant: 'cha_ac_x',
      code_challenge: asked[0]?.codeChallenge,
    });
    expect(outcome.redirectTo).not.toContain('cha_ac_x');
    const url = deployment.agree(outcome.redirectTo);
    expect(await app.requester.callback({ owner: 'kim', session: 's1', url })).toMatchObject({ kind: 'connected' });
    const token = deployment.received.find(({ path }) => path === 'am /token');
    expect(challengeOf(token?.form.get('code_verifier') ?? '')).toBe(asked[0]?.codeChallenge);

    deployment.received.length = 0;
    await connected(deployment, app.requester);
    const [plain] = deployment.received.filter(({ path }) => path === 'am /par');
    expect([plain?.form.has('host'), plain?.form.has('host_grant')]).toEqual([false, false]);
  });

  test('starts nothing when its Host refuses, or the AM does not take both in one step', async () => {
    const refused = await connect(start(), async () => ({ kind: 'issued', hostGrant: 'cha_ac_x' }));
    expect(refused).toMatchObject({ kind: 'failed', sentence: expect.stringContaining('one step') });
    inOneStep();
    const unknown = await connect(start(), async () => ({ kind: 'refused', sentence: 'Not to this one.' }));
    expect(unknown).toMatchObject({ kind: 'failed', sentence: 'Not to this one.' });
    expect(deployment.count('am /par')).toBe(0);
  });
});
