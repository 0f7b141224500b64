import { thumbprint } from '@chatelaine/crypto';
import { expect, test } from '@jest/globals';
import { dpopKey, server, refreshed, exchanged, requested } from './scene.ts';

export function answers(): void {
  test('refresh sends the refresh token with a proof by the key of the connection', async () => {
    expect(await refreshed()).toMatchObject({ kind: 'ok', tokens: { token_type: 'DPoP' } });
    expect(server.last().form.get('grant_type')).toBe('refresh_token');
    expect(server.last().form.get('refresh_token')).toBe('cha_rt_1');
    expect(await server.jktOf(server.last())).toBe(thumbprint(dpopKey.publicJwk));
  });

  test('exchange is RFC 8693 with one resource, and an actor token only when given', async () => {
    expect(await exchanged()).toMatchObject({ kind: 'ok', response: { token_type: 'DPoP', iss: server.issuer } });
    expect(Object.fromEntries(server.last().form)).toMatchObject({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'cha_ct_1',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      resource: 'https://photos.example/api',
      scope: 'entries.read',
    });
    expect(server.last().form.has('actor_token')).toBe(false);
    await exchanged({ actorToken: 'a.b.c', params: { completion_mode: 'deferred', resource: 'https://evil.example' } });
    const { form } = server.last();
    expect(form.get('actor_token_type')).toBe('urn:ietf:params:oauth:token-type:jwt');
    expect(form.get('completion_mode')).toBe('deferred');
    expect(form.get('resource')).toBe('https://photos.example/api');
  });

  test('a transfer response with a member missing or of another type is unusable', async () => {
    const good = {
      access_token: 't',
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'DPoP',
      expires_in: 300,
      scope: 'entries.read',
      resource: 'https://photos.example/api',
      iss: 'https://photos.example',
    };
    for (const change of [
      { issued_token_type: undefined },
      { token_type: 'N_A' },
      { expires_in: '300' },
      { expires_in: -5 },
      { scope: undefined },
      { resource: 7 },
      { iss: undefined },
      { cnf: 'k' },
    ]) {
      server.handlers['/token'] = (reply) => reply.send({ ...good, ...change });
      expect([change, await exchanged()]).toMatchObject([change, { kind: 'unusable', accessToken: 't' }]);
      expect([change, await requested()]).toMatchObject([change, { kind: 'unusable', accessToken: 't' }]);
    }
    server.handlers['/token'] = (reply) => reply.send({ ...good, refresh_token: 'leak' });
    expect(JSON.stringify(await exchanged())).not.toContain('leak');
    expect(JSON.stringify(await requested())).not.toContain('leak');
  });
}
