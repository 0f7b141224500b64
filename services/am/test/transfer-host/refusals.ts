import { unverifiedClaims } from '@chatelaine/crypto';
import { CLIENT_ASSERTION_TYPE, TOKEN_TYPE } from '@chatelaine/protocol';
import { describe, expect, it } from '@jest/globals';
import type { Reply } from '../support/host-script.ts';
import { ask, deployment, lastTransfer, outcome, refuse, story } from './scene.ts';

/** What a Host refuses: the link's token, the link, or the transfer. */
export function hostRefusals(): void {
  describe('a Host that refuses', () => {
    it('the link’s token (invalid_request) gets a refreshed one, once, with a new statement', async () => {
      deployment.host.expireLinkTokens();
      expect((await ask()).status).toBe(200);
      const { hops, refreshes } = deployment.host;
      expect([hops.length, refreshes.length]).toEqual([2, 1]);
      const [first, second] = hops.map(({ form }) => form);
      expect(second?.get('subject_token')).not.toBe(first?.get('subject_token'));
      expect(second?.get('actor_token')).not.toBe(first?.get('actor_token'));
      expect(second?.get('client_assertion')).not.toBe(first?.get('client_assertion'));
    });

    it('the link’s token is asked again with the Requester’s statement as it was: it cannot be refreshed', async () => {
      deployment.host.expireLinkTokens();
      const about = { resource: deployment.host.resource, scope: 'photos.read' };
      const own = await story.requester.statement(about);
      const params = { actor_token: own, actor_token_type: TOKEN_TYPE.jwt };
      const answer = await story.requester.transfer({ connection: story.connection, ...about, params });
      expect(answer.status).toBe(200);
      const passedOn = deployment.host.hops.map(({ form }) => unverifiedClaims(form.get('actor_token') ?? '')?.claims);
      // even with the AM itself as audience it is no client assertion
      const client_assertion = await story.requester.statement({ ...about, resource: `${deployment.issuer}/api` });
      const forged = await story.requester.transfer({
        connection: story.connection,
        ...about,
        params: { client_assertion, client_assertion_type: CLIENT_ASSERTION_TYPE },
      });
      expect(outcome(forged)).toEqual({ status: 401, error: 'invalid_client' });
      expect(passedOn).toEqual(Array(2).fill(expect.objectContaining({ requester_statement: own })));
    });

    it('twice (invalid_request) is given up: 502, and nothing was tried a third time', async () => {
      refuse(400, { error: 'invalid_request' });
      expect(outcome(await ask())).toEqual({ status: 502, error: 'server_error' });
      expect([deployment.host.hops.length, deployment.host.refreshes.length]).toEqual([2, 1]);
      const [first, second] = deployment.host.hops.map(({ statement }) => statement['jti']);
      expect(second).not.toBe(first);
      expect(await lastTransfer()).toMatchObject({ state: 'failed' });
    });

    it('the link itself (invalid_grant at its refresh) breaks the link: invalid_target, no more calls', async () => {
      const ended = await deployment.story({ 'photos.read': 'allow' });
      deployment.host.expireLinkTokens();
      deployment.host.script.refresh = () => ({ status: 400, json: { error: 'invalid_grant' } });
      expect(outcome(await ask(ended))).toEqual({ status: 400, error: 'invalid_target' });
      expect(await deployment.rows('select state from link where id = $1', [ended.linkId])).toEqual([
        { state: 'broken' },
      ]);
      expect(await lastTransfer(ended)).toMatchObject({ state: 'refused', error: 'broken' });
      deployment.host.reset();
      for (let again = 0; again < 3; again++)
        expect(outcome(await ask(ended))).toEqual({ status: 400, error: 'invalid_target' });
      expect([deployment.host.hops.length, deployment.host.refreshes.length]).toEqual([0, 0]);
      expect((await ended.owner.browser.get('/hosts')).text).toContain('broken');
    });

    it('one link breaks no other', async () => {
      expect((await ask()).status).toBe(200);
    });

    it.each<[string, Reply & object, { status: number; error: string }, object]>([
      ['the scope', { status: 400, json: { error: 'invalid_scope' } }, { status: 400, error: 'invalid_scope' }, {}],
      ['the target', { status: 400, json: { error: 'invalid_target' } }, { status: 400, error: 'invalid_target' }, {}],
      [
        'by its own policy',
        {
          status: 400,
          json: { error: 'access_denied', denied_by: 'am', requestable: true, interaction_uri: 'http://evil.example' },
        },
        { status: 400, error: 'access_denied' },
        { denied_by: 'host', requestable: true },
      ],
      ['the grant', { status: 400, json: { error: 'invalid_grant' } }, { status: 502, error: 'server_error' }, {}],
      ['the AM', { status: 401, json: { error: 'invalid_client' } }, { status: 502, error: 'server_error' }, {}],
      [
        'in words of its own',
        { status: 400, json: { error: 'go_away', error_description: 'secret' } },
        { status: 502, error: 'server_error' },
        {},
      ],
      [
        'in words no database can keep',
        { status: 400, json: { error: 'a\u0000b' } },
        { status: 502, error: 'server_error' },
        {},
      ],
    ])('%s: the Requester is told so, in the AM’s words', async (_what, reply, expected, extras) => {
      deployment.host.script.transfer = () => reply;
      const answer = await ask();
      expect(outcome(answer)).toEqual(expected);
      const { error: _error, error_description: text, ...rest } = answer.json;
      expect(rest).toEqual({ ...extras, request_id: expect.any(String) });
      expect(text).not.toContain('secret');
      expect((await lastTransfer())?.state).toBe(expected.status === 502 ? 'failed' : 'refused');
    });
  });
}
