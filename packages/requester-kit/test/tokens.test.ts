import { describe, expect, test } from '@jest/globals';
import { connected, ready } from './support/app.ts';
import { deploymentForAll, transferAnswer } from './support/deployment.ts';

const deployment = await deploymentForAll();

const exchanges = () => deployment.received.filter((one) => one.form.has('subject_token')).length;

const tokenOf = (outcome: { kind: string; token?: { accessToken: string } }) =>
  outcome.token?.accessToken ?? outcome.kind;

describe('a token', () => {
  test('is obtained once and used until shortly before its end', async () => {
    const { input, requester } = await ready(deployment);
    const first = tokenOf(await requester.transfer(input));
    expect(tokenOf(await requester.transfer({ ...input, scope: ['entries.read'] }))).toBe(first);
    deployment.pass(239);
    expect(tokenOf(await requester.transfer(input))).toBe(first);
    expect(exchanges()).toBe(1);
    deployment.pass(42);
    expect(tokenOf(await requester.transfer(input))).not.toBe(first);
    expect(exchanges()).toBe(2);
  });

  test('close to its end is renewed once, in the background, while it still serves', async () => {
    const { input, requester } = await ready(deployment);
    const first = tokenOf(await requester.transfer(input));
    deployment.pass(241);
    const answer = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    deployment.on['am /token'] = async (one) => {
      asked.resolve();
      await answer.promise;
      return deployment.behave(one);
    };
    const all = await Promise.all(Array.from({ length: 20 }, () => requester.transfer(input)));
    expect(all.map(tokenOf)).toEqual(Array.from({ length: 20 }, () => first));
    await asked.promise;
    answer.resolve();
    deployment.pass(41); // the first token is not used any more
    expect(tokenOf(await requester.transfer(input))).not.toBe(first);
    expect(exchanges()).toBe(2);
  });

  test('whose renewal fails serves to its end, and is asked for again only then', async () => {
    const { input, ref, requester } = await ready(deployment);
    const first = tokenOf(await requester.transfer(input));
    deployment.pass(241);
    const asked = Promise.withResolvers<void>();
    deployment.on['am /token'] = () => {
      asked.resolve();
      return { status: 400, json: { error: 'access_denied', denied_by: 'am' } };
    };
    await requester.transfer(input);
    await asked.promise;
    for (const _again of [1, 2, 3]) {
      await requester.targets(ref); // the renewal has ended by now
      expect(tokenOf(await requester.transfer(input))).toBe(first);
    }
    expect(exchanges()).toBe(2);
    deployment.pass(41);
    expect(await requester.transfer(input)).toMatchObject({ kind: 'access_denied' });
  });

  test('that comes after the connection was ended here is not kept', async () => {
    const { input, ref, requester } = await ready(deployment);
    const answer = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    deployment.on['am /token'] = async (one) => {
      const token = await deployment.behave(one);
      asked.resolve();
      await answer.promise;
      return token;
    };
    const late = requester.transfer(input);
    await asked.promise;
    await requester.disconnect(ref);
    answer.resolve();
    await late;
    expect(await requester.transfer(input)).toEqual({ kind: 'unknown_connection' });
  });

  test('that many ask for at once is obtained once', async () => {
    const { input, requester } = await ready(deployment);
    const all = await Promise.all(Array.from({ length: 20 }, () => requester.transfer(input)));
    expect(new Set(all.map(tokenOf)).size).toBe(1);
    expect(exchanges()).toBe(1);
  });

  test('never crosses owners, connections, scopes or resources', async () => {
    const { app, input, requester } = await ready(deployment);
    const sams = await connected(deployment, requester, 'sam');
    const second = await connected(deployment, requester);
    const others = [
      { ...input, ...sams },
      { ...input, ...second },
      { ...input, scope: 'entries.read entries.write' },
      { ...input, scope: 'entries.write' },
    ];
    const tokens = [];
    for (const each of [input, ...others]) tokens.push(tokenOf(await requester.transfer(each)));
    expect(new Set(tokens).size).toBe(5);
    for (const foreign of [
      { ...input, owner: 'sam' },
      { ...input, connectionId: sams.connectionId },
      { ...input, owner: `kim","${input.connectionId}` },
    ]) {
      expect(await requester.transfer(foreign)).toEqual({ kind: 'unknown_connection' });
      expect(await requester.targets(foreign)).toEqual({ kind: 'unknown_connection' });
      expect(await requester.disconnect(foreign)).toEqual({ kind: 'unknown_connection' });
      expect(await requester.fetch(foreign, `${deployment.resource}/entries`)).toEqual({ kind: 'unknown_connection' });
    }
    expect(await requester.transfer({ ...input, resource: `${deployment.host}/other` })).toEqual({
      kind: 'invalid_target',
    });
    expect(await app.requester.connections('kim')).toHaveLength(2);
  });

  test('that is not what was asked for is not used', async () => {
    const { input, requester } = await ready(deployment);
    const changes: Record<string, unknown>[] = [
      { cnf: { jkt: 'x'.repeat(43) } },
      { cnf: undefined },
      { token_type: 'Bearer', cnf: undefined },
      { scope: 'entries.read entries.write' },
      { scope: '' },
      { resource: `${deployment.host}/other` },
      { iss: 'http://evil.localhost' },
      { issued_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' },
      { expires_in: '300' },
    ];
    const jkt = deployment.received.find((one) => one.form.has('dpop_jkt'))?.form.get('dpop_jkt') ?? '';
    for (const change of changes) {
      deployment.on['am /token'] = ({ form }) => ({
        json: { ...transferAnswer(form, jkt, deployment.host), ...change },
      });
      expect([change, await requester.transfer(input)]).toMatchObject([change, { kind: 'unusable' }]);
    }
    deployment.on = {};
    expect(await requester.transfer(input)).toMatchObject({ kind: 'token' });
  });

  test('may be narrower than asked, and says so', async () => {
    const { input, requester } = await ready(deployment);
    const jkt = deployment.received.find((one) => one.form.has('dpop_jkt'))?.form.get('dpop_jkt') ?? '';
    deployment.on['am /token'] = ({ form }) => ({
      json: { ...transferAnswer(form, jkt, deployment.host), scope: 'entries.read' },
    });
    const outcome = await requester.transfer({ ...input, scope: 'entries.read entries.write' });
    expect(outcome).toMatchObject({ kind: 'token', token: { scope: ['entries.read'] } });
  });
});
