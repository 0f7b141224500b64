import { generateSigningKey, mintToken } from '@chatelaine/crypto';
import type { Answer } from '@chatelaine/test-kit';
import { describe, expect, it } from '@jest/globals';
import { batchRequest } from '../support/batch.ts';
import { exchange } from '../support/requester.ts';
import { call, deployment, errorOf, item, statusOf, story } from './scene.ts';

/** Tokens, keys, proofs and clients that do not belong together, and replayed requests. */
export function clientAuthentication(): void {
  describe('a batch call that is not its Requester’s', () => {
    it('is refused as a whole, and begins nothing: tokens, keys, proofs and clients that are others’', async () => {
      const other = await deployment.beside(story, { 'photos.read': 'allow' });
      const keyless = await deployment.beside(story, { 'photos.read': 'allow' }, { keys: 'none' });
      const withoutGrant = await deployment.beside(
        story,
        { 'photos.read': 'allow' },
        { grantTypes: ['authorization_code', 'refresh_token'] },
      );
      const stopped = await deployment.beside(story, { 'photos.read': 'allow' });
      await stopped.owner.browser.submit('/apps', `/apps/${stopped.connection.id}/stop`);
      const { accessToken, refreshToken } = story.connection;
      const proof = (path: string, over = {}) => story.requester.proof(path, { accessToken, ...over });
      const tries: Record<string, [Promise<Answer>, string]> = {
        'no token': [call({ headers: { authorization: '' } }), '401 invalid_token'],
        'as Bearer': [call({ headers: { authorization: `Bearer ${accessToken}` } }), '401 invalid_token'],
        'client authentication in the header': [
          call({ headers: { authorization: 'Basic eDp5' } }),
          '401 invalid_token',
        ],
        'two tokens': [
          call({ headers: { authorization: [`DPoP ${accessToken}`, `DPoP ${accessToken}`] as never } }),
          '400 invalid_request',
        ],
        'a refresh token': [call({ token: refreshToken }), '401 invalid_token'],
        'a token nobody has': [call({ token: mintToken('ct', 5) }), '401 invalid_token'],
        'a link token': [call({ token: mintToken('lt', 5) }), '401 invalid_token'],
        'a stopped connection’s': [call({}, stopped), '401 invalid_token'],
        'another client’s token and key': [
          call({ token: other.connection.accessToken, key: other.requester.key }),
          '401 invalid_token',
        ],
        'another client’s token, own key': [call({ token: other.connection.accessToken }), '401 invalid_token'],
        'another key': [call({ key: generateSigningKey() }), '401 invalid_token'],
        'no proof': [call({ proofs: [] }), '401 invalid_dpop_proof'],
        'two proofs': [
          call({ proofs: [await proof('/transfers'), await proof('/transfers')] }),
          '401 invalid_dpop_proof',
        ],
        'a proof for hop 1': [call({ proofs: [await proof('/token')] }), '401 invalid_dpop_proof'],
        'a proof for GET': [call({ proofs: [await proof('/transfers', { htm: 'GET' })] }), '401 invalid_dpop_proof'],
        'a proof without ath': [
          call({ proofs: [await story.requester.proof('/transfers')] }),
          '401 invalid_dpop_proof',
        ],
        'no client authentication': [call({ body: JSON.stringify({ transfers: [item()] }) }), '401 invalid_client'],
        'only a name': [
          call({ body: JSON.stringify({ transfers: [item()], client_id: story.requester.clientId }) }),
          '401 invalid_client',
        ],
        'another’s name': [call({ members: { client_id: other.requester.clientId } }), '401 invalid_client'],
        'an assertion for elsewhere': [
          call({ members: { client_assertion: await story.requester.assertion({ aud: deployment.host.issuer }) } }),
          '401 invalid_client',
        ],
        'no keys, and another’s name': [
          call({ members: { client_id: story.requester.clientId } }, keyless),
          '401 invalid_client',
        ],
        'a client without the grant': [call({}, withoutGrant), '400 unauthorized_client'],
      };
      for (const [what, [answer, expected]] of Object.entries(tries)) {
        const seen = await answer;
        expect([what, errorOf(seen)]).toEqual([what, expected]);
        expect(seen.headers['cache-control']).toBe('no-store');
        if (expected.includes('invalid_token')) expect(seen.headers['www-authenticate']).toContain('DPoP error=');
      }
      expect(deployment.host.hops).toEqual([]);
      expect(statusOf([await call(), await call({}, keyless)])).toEqual([200, 200]);
    });

    it('sent again, whole or in parts, at any process, or many times at once, is served once', async () => {
      const { port: _port, ...sent } = await batchRequest(deployment, story, { items: [item()] });
      const at = (n: number) => exchange(deployment.ams[n % 2]?.port ?? 0, sent);
      const race = await Promise.all(Array.from({ length: 6 }, (_, n) => at(n)));
      expect(race.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(race.filter(({ status }) => status === 401)).toHaveLength(5);
      expect(errorOf(await at(1))).toMatch(/^401 invalid_(client|dpop_proof)$/);
      const { dpop } = sent.headers;
      expect(errorOf(await call({ proofs: dpop as string[] }))).toBe('401 invalid_dpop_proof');
      const { client_assertion } = JSON.parse(sent.body) as Record<string, string>;
      expect(errorOf(await call({ members: { client_assertion } }))).toBe('401 invalid_client');
      expect(deployment.host.hops).toHaveLength(1);
    });
  });
}
