import { describe, expect, it } from '@jest/globals';
import { generateSigningKey, mintToken, signShortJwt } from '@chatelaine/crypto';
import { JWT_TYP, TOKEN_TYPE } from '@chatelaine/protocol';
import { clock } from '../support/requester.ts';
import { ask, BAD_TOKEN, bodyOf, deployment, refused, story, stranger } from './scene.ts';

/** The connection's token, presented by its client and by others. */
export function subjectTokens(): void {
  describe('a subject_token', () => {
    it('that is bad in any way gets one and the same answer', async () => {
      const expired = await deployment.beside(story, { 'photos.read': 'allow' });
      await deployment.rows(`update oauth_token set expires_at = now() - interval '1 second' where grant_id = $1`, [
        expired.connection.id,
      ]);
      const revoked = await deployment.connect({ ...story, answers: { 'photos.read': 'allow' } });
      await story.requester.post('/revoke', {
        ...(await story.requester.authentication()),
        token: revoked.refreshToken,
      });
      const { accessToken } = story.connection;
      const statement = { iss: deployment.issuer, aud: deployment.host.issuer };
      const answers = await Promise.all([
        ask({ params: { subject_token: undefined } }),
        ask({ params: { subject_token: '' } }),
        ask({ params: { subject_token: 'garbage' } }),
        ask({ params: { subject_token: 'cha_ct_'.padEnd(8000, 'A') } }),
        ask({ params: { subject_token: mintToken('ct', 7) } }), // unknown
        ask({}, expired),
        ask({ connection: revoked }),
        ask({ params: { subject_token: story.connection.refreshToken } }),
        ask({ params: { subject_token: `${accessToken.slice(0, -1)}${accessToken.endsWith('A') ? 'B' : 'A'}` } }),
        ask({ params: { subject_token: mintToken('lt', 7) } }), // X9: a link's token
        ask({ params: { subject_token: mintToken('at', 7) } }), // a Host's access token
        ask({ params: { subject_token: await story.requester.proof('/token') } }), // a DPoP proof
        ask({
          params: {
            subject_token: await signShortJwt({
              typ: JWT_TYP.transferStatement,
              key: story.requester.key,
              clock,
              lifetimeSeconds: 60,
              claims: statement,
            }),
          },
        }),
        ask({ params: { subject_token_type: TOKEN_TYPE.jwt } }),
        ask({ params: { subject_token_type: undefined } }),
        ask({}, { ...stranger, connection: story.connection }), // another client's: X3, T4
        ask({}, { ...story, connection: stranger.connection }),
      ]);
      expect(answers.map(bodyOf)).toEqual(answers.map(() => BAD_TOKEN));
      expect(deployment.host.hops).toEqual([]);
    });

    it('of 100 KB is refused before anything is read', async () => {
      expect((await ask({ params: { subject_token: 'A'.repeat(100_000) } })).status).toBe(413);
    });

    it('in the hands of another client raises an alarm, and its own client is not disturbed', async () => {
      const [{ events }] = deployment.ams;
      events.length = 0;
      await refused(ask({}, { ...stranger, connection: story.connection }), 'invalid_request');
      expect(events).toEqual([
        {
          event: 'foreign_token',
          reason: 'foreign',
          clientId: stranger.requester.clientId,
          connectionId: story.connection.id,
        },
      ]);
      expect((await ask()).status).toBe(200);
    });

    it('with another key than its connection has raises an alarm and is refused', async () => {
      const [{ events }] = deployment.ams;
      events.length = 0;
      const proof = await story.requester.proof('/token', { key: generateSigningKey() });
      expect(bodyOf(await refused(ask({ proofs: [proof] }), 'invalid_request'))).toEqual(BAD_TOKEN);
      expect(events).toEqual([expect.objectContaining({ event: 'foreign_token', reason: 'key' })]);
    });

    it('of a connection past its end is refused', async () => {
      const past = await deployment.beside(story, { 'photos.read': 'allow' });
      await deployment.rows(`update oauth_grant set expires_at = now() - interval '1 second' where id = $1`, [
        past.connection.id,
      ]);
      expect(bodyOf(await refused(ask({}, past), 'invalid_request'))).toEqual(BAD_TOKEN);
    });
  });

  describe('a requested token type that is not issued', () => {
    it.each(['urn:ietf:params:oauth:token-type:refresh_token', TOKEN_TYPE.jwt])('%p is refused', async (type) => {
      await refused(ask({ params: { requested_token_type: type } }), 'invalid_request');
    });
  });
}
