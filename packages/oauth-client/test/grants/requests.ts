import { thumbprint } from '@chatelaine/crypto';
import { describe, expect, test } from '@jest/globals';
import { fetchResource, type HopContext } from '../../src/index.ts';
import type { TestServer } from '../support/server.ts';
import { dpopKey, server, metadata, requested } from './scene.ts';

export function requests(): void {
  describe('an authorized request', () => {
    const call = () =>
      fetchResource(server.deps, { url: `${server.issuer}/api/entries?x=1`, accessToken: 'cha_at_1', dpopKey });

    test('carries the token as DPoP with a proof for this token, method and URL', async () => {
      server.handlers['/api/entries'] = (reply) => reply.send({ entries: [] });
      expect(await call()).toMatchObject({ kind: 'answer' });
      expect(server.last().headers['authorization']).toBe('DPoP cha_at_1');
      expect(await server.jktOf(server.last(), 'cha_at_1')).toBe(thumbprint(dpopKey.publicJwk));
    });

    test('is repeated once when the server wants a nonce', async () => {
      server.handlers['/api/entries'] = (reply) =>
        reply.code(401).header('www-authenticate', 'DPoP error="use_dpop_nonce"').header('dpop-nonce', 'n1').send({});
      expect(await call()).toMatchObject({ kind: 'answer', response: expect.objectContaining({ status: 401 }) });
      expect(server.received).toHaveLength(2);
    });
  });

  describe('hop 2', () => {
    const hopOf = (over: Partial<HopContext> = {}): HopContext => ({
      deadline: Infinity,
      signal: undefined,
      sent: false,
      ...over,
    });

    test('is RFC 8693 with the statement as its actor token, and without a DPoP header', async () => {
      expect(await requested()).toMatchObject({ kind: 'ok', response: { iss: server.issuer } });
      const { form, headers } = server.last();
      expect(headers['dpop']).toBeUndefined();
      expect(headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
      expect(Object.fromEntries(form)).toEqual({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: 'cha_lt_1',
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        resource: 'https://photos.example/api',
        scope: 'entries.read',
        actor_token: 'a.b.c',
        actor_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        client_id: 'https://r.example/client',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: expect.any(String),
      });
    });

    test('may have minted something once it is sent, unless an OAuth error of the Host itself follows', async () => {
      const sentAfter = async (handler?: TestServer['handlers'][string], at = metadata): Promise<boolean> => {
        server.handlers = handler === undefined ? {} : { '/token': handler };
        const hop = hopOf();
        await requested(hop, at);
        return hop.sent;
      };
      expect(await sentAfter()).toBe(true);
      expect(await sentAfter((reply) => reply.raw.destroy())).toBe(true);
      expect(await sentAfter((reply) => reply.code(502).send({ error: 'server_error' }))).toBe(true);
      expect(await sentAfter((reply) => reply.code(400).send({ error: 'invalid_scope' }))).toBe(false);
      expect(await sentAfter((reply) => reply.code(503).send({ error: 'temporarily_unavailable' }))).toBe(false);
      const gone = { ...metadata, issuer: 'http://gone.localhost:9', token_endpoint: 'http://gone.localhost:9/token' };
      expect(await sentAfter(undefined, gone)).toBe(false);
    });

    test('is not sent after its deadline, and throws the reason of its signal', async () => {
      expect(await requested(hopOf({ deadline: 0 }))).toEqual({ kind: 'timeout' });
      const reason = new Error('nobody waits');
      await expect(requested(hopOf({ signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
      expect(server.received).toEqual([]);
      const leaving = new AbortController();
      server.handlers['/token'] = () => leaving.abort(reason);
      const hop = hopOf({ signal: leaving.signal });
      await expect(requested(hop)).rejects.toBe(reason);
      expect(hop.sent).toBe(true);
    });
  });
}
