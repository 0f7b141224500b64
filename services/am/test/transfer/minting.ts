import { describe, expect, it } from '@jest/globals';
import { sha256base64url } from '@chatelaine/crypto';
import { GRANT, TOKEN_TYPE } from '@chatelaine/protocol';
import { gate } from '../support/scripted-host.ts';
import { ask, deployment, story } from './scene.ts';

/** What a transfer consists of: the answer, the statement, the row. */
export function minting(): void {
  describe('a transfer', () => {
    it('answers with the eight members of the protocol and no other', async () => {
      const answer = await ask();
      expect(answer.status).toBe(200);
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(answer.json).toEqual({
        access_token: deployment.host.minted.at(-1)?.token,
        issued_token_type: TOKEN_TYPE.accessToken,
        token_type: 'DPoP',
        expires_in: 300,
        scope: 'photos.read',
        resource: deployment.host.resource,
        cnf: { jkt: story.requester.key.kid },
        iss: deployment.host.issuer,
      });
    });

    it('is made for a client without keys, by the key of its connection', async () => {
      const { requester, connection } = await deployment.beside(story, { 'photos.read': 'allow' }, { keys: 'none' });
      const answer = await requester.transfer({ connection, resource: deployment.host.resource, scope: 'photos.read' });
      expect(answer.status).toBe(200);
      expect(answer.json['cnf']).toEqual({ jkt: requester.key.kid });
    });

    it('tells the Host in a statement who asks, with which key, for what, over which link', async () => {
      await ask({ scope: 'photos.write photos.read' });
      const [hop] = deployment.host.hops;
      const { iat, exp, jti, ...claims } = hop?.statement ?? {};
      expect(claims).toEqual({
        iss: deployment.issuer,
        sub: story.requester.clientId,
        aud: deployment.host.issuer,
        ath: sha256base64url(hop?.form.get('subject_token') ?? ''),
        resource: deployment.host.resource,
        scope: 'photos.write photos.read',
        cnf: { jkt: story.requester.key.kid },
        grant_id: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
        client_name: 'Reader',
        client_uri: deployment.documents.origin,
      });
      expect(Number(exp) - Number(iat)).toBeLessThanOrEqual(60);
      expect(jti).toEqual(expect.stringMatching(/^.{16,128}$/));
    });

    it('authenticates the AM at the Host by private_key_jwt, and sends no DPoP header on hop 2', async () => {
      await ask();
      const [hop] = deployment.host.hops;
      expect(hop?.headers['dpop']).toBeUndefined();
      expect(hop?.headers.authorization).toBeUndefined();
      expect(Object.fromEntries(hop?.form ?? [])).toEqual({
        grant_type: GRANT.tokenExchange,
        subject_token: expect.stringMatching(/^lt-/),
        subject_token_type: TOKEN_TYPE.accessToken,
        requested_token_type: TOKEN_TYPE.accessToken,
        resource: deployment.host.resource,
        scope: 'photos.read',
        actor_token: expect.any(String),
        actor_token_type: TOKEN_TYPE.jwt,
        client_id: expect.stringContaining(`${deployment.issuer}/clients/`),
        client_assertion: expect.any(String),
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      });
    });

    it('names the same grant at every transfer of one link and connection, and another for another', async () => {
      const second = await deployment.connect({
        owner: story.owner,
        requester: story.requester,
        linkId: story.linkId,
        answers: { 'photos.read': 'allow' },
      });
      await ask();
      await ask({ scope: 'photos.write' });
      await story.requester.transfer({ connection: second, resource: deployment.host.resource, scope: 'photos.read' });
      const [first, again, other] = deployment.host.hops.map(({ statement }) => statement['grant_id']);
      expect(again).toBe(first);
      expect(other).not.toBe(first);
    });

    it('has its row before the Host is called, and the row is closed after', async () => {
      const seen: unknown[] = [];
      const before = (await deployment.transfers(story.connection)).length;
      deployment.host.script.transfer = async (_hop, mint) => {
        seen.push(...(await deployment.transfers(story.connection)).slice(before));
        return { json: mint() };
      };
      expect((await ask()).status).toBe(200);
      expect(seen).toEqual([
        expect.objectContaining({
          state: 'intent',
          closed_at: null,
          owner_id: story.owner.id,
          link_id: story.linkId,
          client_id: story.requester.clientId,
          resource: deployment.host.resource,
          scopes: ['photos.read'],
          jkt: story.requester.key.kid,
        }),
      ]);
      expect((await deployment.transfers(story.connection)).slice(before)).toEqual([
        expect.objectContaining({ state: 'minted', error: null, closed_at: expect.any(Date) }),
      ]);
    });

    it('holds no database connection while the Host takes its time: with two pooled, a page still opens', async () => {
      const small = await deployment.another({ connections: 2 });
      const paused = gate();
      deployment.host.script.transfer = async (_hop, mint) => {
        await paused.opened;
        return { json: mint() };
      };
      const waiting = Array.from({ length: 10 }, () =>
        story.requester.transfer({
          connection: story.connection,
          resource: deployment.host.resource,
          scope: 'photos.read',
          port: small.port,
        }),
      );
      await deployment.host.until(() => deployment.host.hops.length === 10);
      expect((await story.owner.browser.at(small.port).get('/apps')).status).toBe(200);
      paused.open();
      expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(Array(10).fill(200));
    });

    it('narrows nothing: the scope of the answer is the scope asked for, in any order, no repeats', async () => {
      expect((await ask({ scope: 'photos.write photos.read photos.write' })).json['scope']).toBe(
        'photos.write photos.read',
      );
      expect((await ask({ scope: 'photos.read' })).json['scope']).toBe('photos.read');
    });
  });
}
