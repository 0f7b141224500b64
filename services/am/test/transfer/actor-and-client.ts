import { describe, expect, it } from '@jest/globals';
import { signJwt } from '@chatelaine/crypto';
import { CLIENT_ASSERTION_TYPE, GRANT, JWT_TYP } from '@chatelaine/protocol';
import { clock, exchange } from '../support/requester.ts';
import { ask, deployment, refused, story, stranger } from './scene.ts';

/** The client, its key, and parameters that it must not send. */
export function actorAndClient(): void {
  describe('what would name another actor or key', () => {
    it.each(['actor_token', 'actor_token_type', 'cnf', 'req_cnf', 'jkt', 'act', 'grant_id'])(
      '%s is refused',
      async (name) => {
        await refused(ask({ params: { [name]: '{"jkt":"x"}' } }), 'invalid_request');
      },
    );

    it('never gets into the statement, whatever a Requester adds', async () => {
      const extra = {
        sub: 'someone',
        iss: 'https://evil.example',
        user_id: 'u',
        link_id: 'l',
        bearer: 'true',
        client_name: 'Bank',
      };
      expect((await ask({ params: extra })).status).toBe(200);
      const { statement } = deployment.host.hops[0] ?? {};
      expect(statement).toMatchObject({
        iss: deployment.issuer,
        sub: story.requester.clientId,
        client_name: 'Reader',
        cnf: { jkt: story.requester.key.kid },
      });
      for (const name of ['user_id', 'link_id', 'bearer']) expect(statement).not.toHaveProperty(name);
    });
  });

  describe('a client', () => {
    it('that did not register the grant is unauthorized_client', async () => {
      const codeOnly = await deployment.beside(
        story,
        { 'photos.read': 'allow' },
        { grantTypes: [GRANT.authorizationCode, GRANT.refreshToken] },
      );
      await refused(ask({}, codeOnly), 'unauthorized_client');
    });

    it.each<[string, (now: number) => Record<string, unknown>]>([
      ['an aud that is a list', () => ({ aud: [deployment.issuer] })],
      ['the token endpoint as aud', () => ({ aud: `${deployment.issuer}/token` })],
      ['no exp', () => ({ exp: undefined })],
      ['exp 0', () => ({ exp: 0 })],
      ['a text as exp', (now) => ({ exp: String(now + 60) })],
      ['ten years to live', (now) => ({ exp: now + 315_360_000 })],
      ['nbf ahead', (now) => ({ nbf: now + 3600 })],
      ['iat a year ahead', (now) => ({ iat: now + 31_536_000, exp: now + 31_536_060 })],
      ['no jti', () => ({ jti: undefined })],
      ['another sub', () => ({ sub: stranger.requester.clientId })],
    ])('whose assertion has %s is not authenticated', async (_what, claimsAt) => {
      const now = Math.floor(clock.now());
      const { requester } = story;
      const good = {
        iss: requester.clientId,
        sub: requester.clientId,
        aud: deployment.issuer,
        iat: now,
        exp: now + 60,
        jti: `j${Math.random()}`,
      };
      const assertion = await signJwt({
        typ: JWT_TYP.clientAssertion,
        claims: { ...good, ...claimsAt(now) },
        key: requester.ownKey ?? requester.key,
      });
      const params = { client_assertion: assertion, client_assertion_type: CLIENT_ASSERTION_TYPE };
      await refused(ask({ params }), 'invalid_client');
    });

    it('with keys is not believed on its client_id alone', async () => {
      const form = { grant_type: GRANT.tokenExchange, client_id: story.requester.clientId };
      await refused(story.requester.post('/token', form), 'invalid_client');
    });
  });

  describe('a DPoP proof', () => {
    it.each<[string, () => Promise<string[]>]>([
      ['is missing', async () => []],
      ['is for another path', async () => [await story.requester.proof('/par')]],
      ['is for another method', async () => [await story.requester.proof('/token', { htm: 'GET' })]],
      ['comes twice', async () => [await story.requester.proof('/token'), await story.requester.proof('/token')]],
      ['is no JWT', async () => ['x']],
    ])('that %s makes no transfer', async (_what, proofs) => {
      await refused(ask({ proofs: await proofs() }), 'invalid_dpop_proof');
    });

    it('is spent with a request that was refused', async () => {
      const proofs = [await story.requester.proof('/token')];
      await refused(ask({ proofs, resource: 'http://nobody.localhost:9/api' }), 'invalid_target');
      await refused(ask({ proofs }), 'invalid_dpop_proof');
    });

    it('and an assertion are spent together: a request made of two used ones is refused as well', async () => {
      const params = await story.requester.authentication();
      await refused(ask({ params, scope: 'albums.read' }), 'invalid_scope');
      await refused(ask({ params }), 'invalid_client');
    });
  });

  describe('a malformed request', () => {
    const send = async (body: string, type = 'application/x-www-form-urlencoded') =>
      exchange(deployment.ams[0].port, {
        path: '/token',
        headers: { 'content-type': type, dpop: await story.requester.proof('/token') },
        body,
      });

    it.each([
      ['a parameter twice', 'grant_type=a&grant_type=a', 400],
      ['broken UTF-8', 'scope=%ff', 400],
      ['a NUL', 'scope=%00', 400],
      ['a bad escape', 'scope=%zz', 400],
      ['a value of 10 KB', `scope=${'a'.repeat(10_000)}`, 400],
    ])('with %s is an invalid_request', async (_what, body, status) => {
      const answer = await send(body);
      expect({ status: answer.status, error: answer.json['error'] }).toEqual({ status, error: 'invalid_request' });
    });

    it('in JSON is 415', async () => {
      expect((await send('{}', 'application/json')).status).toBe(415);
    });

    it('may not hide a purpose that misleads whoever reads it', async () => {
      await refused(ask({ scope: 'photos.write', params: { purpose: 'harmless \u202Etxet' } }), 'invalid_request');
      await refused(ask({ scope: 'photos.write', params: { purpose: 'x'.repeat(201) } }), 'invalid_request');
    });
  });
}
