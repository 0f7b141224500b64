import { generateSigningKey, publicJwks, validateJwks, verifyJwt } from '@chatelaine/crypto';
import { describe, expect, test } from '@jest/globals';
import type { RequesterOptions } from '../src/index.ts';
import { connected, startApp } from './support/app.ts';
import { deploymentForAll, itemsOf, type Received } from './support/deployment.ts';

const deployment = await deploymentForAll({ chatelaine_requester_statements_supported: true });

const signingKey = generateSigningKey();

async function ready(change: Partial<RequesterOptions> = {}, kind: 'document' | 'dynamic' = 'document') {
  const { requester } = startApp(deployment, kind, { signingKey, ...change });
  const ref = await connected(deployment, requester);
  return { requester, ref, input: { ...ref, resource: deployment.resource, scope: 'entries.read' } };
}

const transferred = (): Received[] => deployment.received.filter(({ form }) => form.has('subject_token'));
const polled = (): Received[] => deployment.received.filter(({ form }) => form.has('deferral_code'));

async function claimsOf(token: string | null | undefined): Promise<Readonly<Record<string, unknown>>> {
  const keys = validateJwks(publicJwks([signingKey]));
  const checked = await verifyJwt({
    token: token ?? '',
    typ: 'requester-statement+jwt',
    keys: keys.kind === 'valid' ? keys.jwks : { keys: [] },
    issuer: 'https://app.example/client',
    subject: 'https://app.example/client',
    audience: deployment.host,
    clock: deployment.clock,
    maxLifetimeSeconds: 60,
  });
  if (checked.kind === 'invalid') throw new Error(checked.reason);
  return checked.claims;
}

describe('the app’s own statement', () => {
  test('goes with each transfer, signed by its published key, for one Host, resource and connection key', async () => {
    const { requester, input } = await ready();
    const token = await requester.transfer({ ...input, scope: ['entries.read', 'entries.write'] });
    await requester.transfer(input);
    const forms = transferred().map(({ form }) => form);
    expect(forms.map((form) => form.get('actor_token_type'))).toEqual(
      Array(2).fill('urn:ietf:params:oauth:token-type:jwt'),
    );
    const [first, second] = await Promise.all(forms.map((form) => claimsOf(form.get('actor_token'))));
    expect(first).toMatchObject({ resource: deployment.resource, scope: 'entries.read entries.write' });
    expect(first?.['cnf']).toEqual({ jkt: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) });
    expect(second?.['cnf']).toEqual(first?.['cnf']);
    expect(second?.['jti']).not.toBe(first?.['jti']);
    expect(token.kind).toBe('token');
  });

  test('is a new one when the AM wants the transfer asked again', async () => {
    const { requester, input } = await ready();
    deployment.alive.access.clear();
    expect((await requester.transfer(input)).kind).toBe('token');
    const [first, second] = transferred().map(({ form }) => form.get('actor_token'));
    expect(second).not.toBe(first);
    expect((await claimsOf(second))['resource']).toBe(deployment.resource);
  });

  test('goes with every item of a batch call', async () => {
    const { requester, ref } = await ready();
    const items = Array.from({ length: 30 }, (_, at) => ({
      resource: `${deployment.resource}/${at}`,
      scope: 'entries.read',
    }));
    let tokens = 0;
    for await (const { outcome } of requester.transfers({ ...ref, items })) tokens += Number(outcome.kind === 'token');
    expect(tokens).toBe(30);
    const call = deployment.received.find(({ path }) => path === 'am /transfers');
    const sent = call === undefined ? [] : (itemsOf(call) as { resource: string; actor_token?: string }[]);
    const claims = await Promise.all(sent.map(({ actor_token }) => claimsOf(actor_token)));
    expect(claims.map(({ resource }) => resource)).toEqual(items.map(({ resource }) => resource));
    expect(new Set(claims.map(({ jti }) => jti)).size).toBe(30);
  });

  test('is left out where the AM passes none on, where nobody could check it, and when the app says so', async () => {
    const silent = [await ready({ requesterStatement: 'omit' }), await ready({}, 'dynamic')];
    deployment.metadata = {};
    for (const app of [...silent, await ready()]) expect((await app.requester.transfer(app.input)).kind).toBe('token');
    expect(transferred().map(({ form }) => form.has('actor_token'))).toEqual([false, false, false]);
  });

  test('stays at home where no AM would take it, because it is too long', async () => {
    const { requester, input } = await ready();
    const scope = Array.from({ length: 15 }, (_, at) => `entries.${'x'.repeat(150)}.${at}`);
    expect((await requester.transfer({ ...input, scope })).kind).toBe('token');
    expect(transferred().map(({ form }) => form.has('actor_token'))).toEqual([false]);
  });
});

describe('waiting for the owner', () => {
  const PENDING = {
    error: 'authorization_pending',
    deferral_code: 'cha_dc_x',
    expires_in: 3600,
    interval: 7,
  };

  /** An app whose request was deferred. */
  async function deferred(extra: object = {}) {
    const app = await ready();
    deployment.on['am /token'] = (one) =>
      one.form.has('subject_token')
        ? { status: 400, json: { ...PENDING, interaction_uri: `${deployment.am}/asks/1`, ...extra } }
        : deployment.behave(one);
    const outcome = await app.requester.transfer({ ...app.input, wait: 'deferred' });
    return { ...app, outcome, poll: outcome.kind === 'deferred' ? outcome.poll : () => Promise.reject(new Error()) };
  }
  const says = (json: object, status = 400): void => {
    deployment.on['am /token'] = () => ({ status, json });
  };

  test('is asked for by name, and ends in a token that is kept like any other', async () => {
    const { requester, input, outcome, poll } = await deferred();
    expect(transferred().at(-1)?.form.get('completion_mode')).toBe('deferred');
    expect(outcome).toMatchObject({ kind: 'deferred', intervalSeconds: 7, interactionUri: `${deployment.am}/asks/1` });
    deployment.on['am /token'] = async (one) => {
      // the Host's answer to the original request, now that the client polls for it
      one.form.set('grant_type', 'urn:ietf:params:oauth:grant-type:token-exchange');
      for (const [name, value] of transferred().at(-1)?.form ?? []) if (!one.form.has(name)) one.form.set(name, value);
      return deployment.behave(one);
    };
    expect((await poll()).kind).toBe('token');
    const form = polled().at(-1)?.form;
    expect(form?.get('deferral_code')).toBe('cha_dc_x');
    expect((await claimsOf(form?.get('actor_token')))['resource']).toBe(deployment.resource);
    deployment.on = {};
    const before = transferred().length;
    expect((await requester.transfer(input)).kind).toBe('token');
    expect(transferred()).toHaveLength(before);
  });

  test('never says more than asked: no completion_mode without `wait`, none when a token is renewed', async () => {
    const { requester, input } = await ready();
    await requester.transfer({ ...input, wait: 'deferred' });
    deployment.pass(270);
    await requester.transfer({ ...input, wait: 'deferred' });
    await requester.transfer({ ...input, scope: 'entries.write' });
    const modes = transferred().map(({ form }) => form.get('completion_mode'));
    expect(modes[0]).toBe('deferred');
    expect(modes.slice(1).every((mode) => mode === null)).toBe(true);
  });

  test.each([
    [PENDING, { kind: 'pending', retryAfter: 7 }],
    [
      { error: 'slow_down', interval: 7 },
      { kind: 'pending', retryAfter: 12 },
    ],
    [{ error: 'authorization_pending' }, { kind: 'pending', retryAfter: 7 }],
    [{ error: 'expired_token' }, { kind: 'expired' }],
    [{ error: 'invalid_grant' }, { kind: 'expired' }],
    [
      { error: 'access_denied', denied_by: 'am', requestable: true },
      { kind: 'access_denied', by: 'am', requestable: true },
    ],
    [
      { error: 'interaction_required', interaction_uri: 'https://elsewhere.example' },
      { kind: 'unusable', at: 'am' },
    ],
  ])('a poll answered with %j means %j', async (json, meaning) => {
    const { poll } = await deferred();
    says(json);
    expect(await poll()).toMatchObject(meaning);
  });

  test('leads to the AM’s own pages only, and needs something to wait with', async () => {
    const elsewhere = await deferred({ interaction_uri: 'https://elsewhere.example/asks/1' });
    expect(elsewhere.outcome).toMatchObject({ kind: 'unusable', at: 'am' });
    expect((await deferred({ deferral_code: undefined })).outcome).toMatchObject({ kind: 'unusable', at: 'am' });
    expect((await deferred({ interaction_uri: undefined })).outcome).toMatchObject({ interactionUri: null });
  });

  test('is polled once at a time, whoever asks', async () => {
    const { poll } = await deferred();
    const before = polled().length;
    says(PENDING);
    await Promise.all([poll(), poll(), poll()]);
    expect(polled()).toHaveLength(before + 1);
  });

  test('never shares a poll with what somebody else waits for, though an AM gave both one code', async () => {
    const { requester, input, poll } = await deferred();
    const lee = { ...input, ...(await connected(deployment, requester, 'lee')) };
    const other = await requester.transfer({ ...lee, wait: 'deferred' });
    const before = polled().length;
    says(PENDING);
    await Promise.all([poll(), other.kind === 'deferred' ? other.poll() : null]);
    expect(polled()).toHaveLength(before + 2);
  });
});
