import { describe, expect, test } from '@jest/globals';
import { send } from '@chatelaine/test-kit';
import { world, feed, host, transfer, expectDenied } from './scene.ts';

export function demanded(): void {
  describe('a scope that demands the Requester’s own statement', () => {
    test('is named in the metadata, and given on one', async () => {
      const { json } = await send(host.port, { path: '/.well-known/oauth-authorization-server' });
      expect(json['chatelaine_requester_statement_scopes']).toEqual(['entries.write']);
      expect(json['chatelaine_transfer_scopes']).toMatchObject({ 'entries.write': 'Add entries for you' });
      const answer = await transfer();
      expect([answer.status, answer.json['cnf']]).toEqual([200, { jkt: feed.key.kid }]);
      expect(
        (await transfer({ own: await feed.statement(host, { scope: 'entries.read entries.write' }) })).status,
      ).toBe(200);
    });

    test('is refused without one, alone or beside another; the other alone is given, whatever came along', async () => {
      for (const scope of ['entries.write', 'entries.read entries.write'])
        expectDenied(await transfer({ own: null, scope }));
      for (const own of [null, 'no-statement', await feed.statement(host, { aud: 'https://other.example' })])
        expect((await transfer({ own, scope: 'entries.read' })).status).toBe(200);
    });

    test('is refused to a Requester without published keys, and to one that is known by a registration', async () => {
      feed.publish('/keyless', {
        ...feed.document('/keyless'),
        jwks_uri: undefined,
        token_endpoint_auth_method: 'none',
      });
      const keyless = `${feed.origin}/keyless`;
      for (const sub of [
        keyless,
        'cl_registered',
        `${feed.origin}/nowhere`,
        'http://unknown.localhost:1/client',
        'https://127.0.0.1/x',
      ]) {
        expectDenied(await transfer({ said: { sub }, own: await feed.statement(host, { iss: sub, sub }) }));
        expectDenied(await transfer({ said: { sub }, own: null }));
      }
    });

    test('is never given as a token that is bound to no key', async () => {
      const bearer = await world.host({
        name: 'bearer',
        options: {
          bearer: true,
          scopes: { 'entries.read': 'Read', 'entries.write': { sentence: 'Add', requesterStatement: 'required' } },
          outboundExceptions: [
            { host: 'am.localhost', port: world.am.port, scheme: 'http', cidr: '127.0.0.1/32' },
            { host: 'feed.localhost', port: feed.port, scheme: 'http', cidr: '127.0.0.1/32' },
          ],
        },
      });
      const there = await world.am.link(bearer);
      const unbound = { sub: feed.clientId, cnf: undefined, bearer: true };
      for (const requester_statement of [undefined, await feed.statement(bearer)]) {
        const claims = { ...unbound, requester_statement };
        expectDenied(await world.am.transfer(bearer, { link: there, scope: 'entries.write', claims }));
      }
    });
  });
}
