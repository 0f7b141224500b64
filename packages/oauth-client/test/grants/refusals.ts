import { describe, expect, test } from '@jest/globals';
import { exchange } from '../../src/index.ts';
import { NEVER_LATE, type TestServer } from '../support/server.ts';
import { client, server, metadata, refreshed, exchanged, requested } from './scene.ts';

type Reply = Parameters<TestServer['handlers'][string]>[0];

export function refusals(): void {
  describe('an OAuth error is returned as the server sent it', () => {
    test.each([
      [400, { error: 'invalid_target', error_description: 'no' }, undefined],
      [400, { error: 'interaction_required', interaction_uri: 'https://am.example/asks/1' }, undefined],
      [401, { error: 'invalid_client' }, undefined],
      [429, { error: 'temporarily_unavailable' }, 30],
      [502, { error: 'server_error' }, undefined],
      [503, { error: 'temporarily_unavailable' }, 5],
    ])('%d %j', async (status, error, retryAfter) => {
      server.handlers['/token'] = (reply) => {
        if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
        if (status === 401) reply.header('www-authenticate', 'DPoP error="invalid_client"');
        return reply.code(status).send(error);
      };
      const expected = { kind: 'oauth_error', status, error, ...(retryAfter === undefined ? {} : { retryAfter }) };
      expect(await exchanged()).toEqual(expected);
      expect(await requested()).toEqual(expected);
      expect(await refreshed()).toEqual(expected);
    });
  });

  test('an answer that is neither a token response nor an OAuth error is unusable', async () => {
    const answers = [
      (reply: Reply) => reply.type('text/html').send('<h1>proxy</h1>'),
      (reply: Reply) => reply.code(502).type('text/html').send('<h1>proxy</h1>'),
      (reply: Reply) => reply.redirect('http://evil.localhost/token', 307),
      (reply: Reply) => reply.code(204).send(),
      (reply: Reply) => reply.send('null'),
      (reply: Reply) => reply.type('application/json').send('{"access_token":"t","access_token":"u"}'),
      (reply: Reply) => reply.type('application/json').send('{"access_token"'),
      (reply: Reply) => reply.code(400).send({ message: 'no error member' }),
      (reply: Reply) => reply.code(400).type('text/plain').send('{"error":"invalid_grant"}'),
      (reply: Reply) => reply.send({ error: 'invalid_grant' }),
      (reply: Reply) => reply.type('application/json').send(`{"access_token":"${'x'.repeat(70_000)}"}`),
    ];
    for (const [index, answer] of answers.entries()) {
      server.handlers['/token'] = answer;
      expect([index, (await exchanged()).kind]).toEqual([index, 'unusable']);
      expect([index, (await requested()).kind]).toEqual([index, 'unusable']);
      expect([index, (await refreshed()).kind]).toEqual([index, 'unusable']);
    }
  });

  test('no answer in time is a timeout; no connection is unreachable', async () => {
    server.handlers['/token'] = () => new Promise(() => undefined);
    server.callSeconds = 0.1;
    expect(await exchanged()).toEqual({ kind: 'timeout' });
    const soon = { deadline: performance.now() + 100, signal: undefined, sent: false };
    expect(await requested(soon)).toEqual({ kind: 'timeout' });
    server.callSeconds = NEVER_LATE;
    server.handlers['/token'] = (reply) => reply.raw.destroy();
    expect(await exchanged()).toMatchObject({ kind: 'unreachable' });
    expect(await requested()).toMatchObject({ kind: 'unreachable' });
    const elsewhere = {
      ...metadata,
      issuer: 'http://gone.localhost:9',
      token_endpoint: 'http://gone.localhost:9/token',
    };
    const unknown = await exchange(server.deps, {
      server: elsewhere,
      client,
      subjectToken: 's',
      resource: 'r',
      scope: 'x',
    });
    expect(unknown).toMatchObject({ kind: 'unreachable' });
  });
}
