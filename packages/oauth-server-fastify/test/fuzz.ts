import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { identification, type Party, proof, registered, documented, someKey } from './clients.ts';
import { FORM_ENDPOINTS } from './answers.ts';
import { connected } from './flow.ts';
import { type Answer, encodeForm, PARAMETERS, send } from '@chatelaine/test-kit';
import type { Rig, Side } from './rig.ts';

/** Whatever is sent, the answer blames the sender: no 500, and none of the framework's own words. */
export function fuzz(rigOf: () => Rig): void {
  describe('no input of any kind gets a 5xx', () => {
    let rig: Rig;
    let party: Party;
    let host: Party;
    let known: string[];
    beforeAll(async () => {
      rig = rigOf();
      party = await registered(rig);
      host = documented(rig, rig.host);
      const [connection, link] = [
        await connected(rig, rig.am, { party }),
        await connected(rig, rig.host, { party: host }),
      ];
      known = [party.id, host.id, connection.accessToken, connection.refreshToken, link.accessToken, link.refreshToken];
    });
    const odd = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.toWellFormed()),
      fc.constantFrom(
        '',
        ' ',
        '\0',
        '\u0001',
        'ü',
        '😀',
        "' or 1=1 --",
        '../..',
        '%00',
        'transfer',
        'code',
        'S256',
        'none',
        'null',
        'A'.repeat(43),
        `cha_ac_${'A'.repeat(46)}`,
        `cha_rt_${'-'.repeat(46)}`,
        'a.b.c',
        'https://nobody.example/client',
        'authorization_code',
        'refresh_token',
        'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        'transfer_grant',
        'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJcdTAwMDAifQ.AA',
      ),
      fc.nat({ max: 5 }).map((index) => `known:${index}`),
    );
    const value = (text: string): string => (text.startsWith('known:') ? (known[Number(text.slice(6))] ?? '') : text);
    const isFine = (answer: Answer): void => {
      expect(answer.status).toBeGreaterThanOrEqual(200);
      expect(answer.status).toBeLessThan(500);
      expect(answer.headers['cache-control']).toBe('no-store');
      expect(answer.json).not.toHaveProperty('statusCode');
    };
    const side = fc.constantFrom<'am' | 'host'>('am', 'host');
    const serverOf = (name: 'am' | 'host'): [Side, Party] => (name === 'am' ? [rig.am, party] : [rig.host, host]);

    test('forms of all kinds at every form endpoint, from strangers and from clients', async () => {
      const form = fc.dictionary(fc.oneof(fc.constantFrom(...PARAMETERS), fc.string({ maxLength: 5 })), odd, {
        maxKeys: 8,
      });
      await fc.assert(
        fc.asyncProperty(
          side,
          fc.constantFrom(...FORM_ENDPOINTS),
          form,
          fc.boolean(),
          fc.boolean(),
          async (name, path, params, known_, proven) => {
            const [server, client] = serverOf(name);
            const own = known_ ? await identification(rig, server, client) : {};
            const body = encodeForm({
              ...Object.fromEntries(Object.entries(params).map(([key, text]) => [key.toWellFormed(), value(text)])),
              ...own,
            });
            const dpop = proven ? { dpop: await proof(rig, server, client.dpop ?? someKey(), path) } : {};
            const headers = { 'content-type': 'application/x-www-form-urlencoded', ...dpop };
            isFine(await send(server.ports[0], { method: 'POST', path, headers, body }));
          },
        ),
        { numRuns: 250, seed: 20 },
      );
    });

    test('bodies and headers of all kinds at every endpoint', async () => {
      const paths = [...FORM_ENDPOINTS, '/register', '/register/x', '/authorize'];
      const type = fc.constantFrom(
        'application/x-www-form-urlencoded',
        'application/json',
        'text/plain',
        'application/json; charset=utf-16',
        'a/b/c',
        ';',
      );
      const header = fc.record(
        {
          dpop: fc.constantFrom('', 'x', 'a.b.c', ',', 'eyJ0eXAiOiJkcG9wK2p3dCJ9..'),
          authorization: fc.constantFrom(
            '',
            'Bearer',
            'Bearer x',
            `Bearer cha_ra_${'A'.repeat(46)}`,
            'Basic ====',
            'DPoP x',
          ),
          cookie: fc.constantFrom('', '=', 'a', '__Host-chatelaine-interaction=x', '__proto__=1; a=%zz'),
          'x-owner': fc.constant('owner-1'),
        },
        { requiredKeys: [] },
      );
      await fc.assert(
        fc.asyncProperty(
          side,
          fc.constantFrom(...paths),
          fc.constantFrom('POST', 'GET', 'DELETE'),
          type,
          header,
          fc.oneof(
            fc.uint8Array({ maxLength: 60 }),
            fc.json().map((text) => Buffer.from(text)),
          ),
          async (name, path, method, contentType, headers, body) => {
            const [server] = serverOf(name);
            const answer = await send(server.ports[1], {
              method,
              path,
              headers: { ...headers, 'content-type': contentType },
              body: Buffer.from(body),
            });
            // a Host has no registration: the app around it answers there
            if (name === 'am' || !path.startsWith('/register')) isFine(answer);
          },
        ),
        { numRuns: 250, seed: 21 },
      );
    });

    test('queries of all kinds at the authorization endpoint', async () => {
      const query = fc.oneof(
        fc.dictionary(fc.constantFrom(...PARAMETERS), odd, { maxKeys: 10 }).map((params) => ({ params, raw: '' })),
        fc
          .array(fc.constantFrom('a', '=', '&', '%', '%00', '%ff', '+', '?', 'client_id', 'state'), { maxLength: 12 })
          .map((pieces) => ({ params: {}, raw: pieces.join('') })),
      );
      await fc.assert(
        fc.asyncProperty(side, query, async (name, { params, raw }) => {
          const [server, client] = serverOf(name);
          const given = Object.fromEntries(Object.entries(params).map(([key, text]) => [key, value(text)]));
          const sent = raw === '' ? encodeForm({ client_id: client.id, response_type: 'code', ...given }) : raw;
          const path = `/authorize?${sent}`;
          isFine(await send(server.ports[0], { path, headers: { 'x-owner': 'owner-1' } }));
        }),
        { numRuns: 200, seed: 22 },
      );
    });

    test('metadata of all kinds at the registration endpoint', async () => {
      const metadata = fc.record(
        {
          redirect_uris: fc.oneof(
            fc.array(odd, { maxLength: 3 }),
            fc.constant(['https://app.example/cb']),
            fc.jsonValue(),
          ),
          client_name: fc.oneof(odd, fc.jsonValue()),
          scope: odd,
          grant_types: fc.oneof(fc.array(odd, { maxLength: 3 }), fc.jsonValue()),
          jwks: fc.jsonValue(),
          jwks_uri: odd,
          logo_uri: odd,
          token_endpoint_auth_method: odd,
        },
        { requiredKeys: ['redirect_uris'] },
      );
      await fc.assert(
        fc.asyncProperty(metadata, async (body) => {
          isFine(
            await send(rig.am.ports[0], {
              method: 'POST',
              path: '/register',
              headers: { 'content-type': 'application/json' },
              body: JSON.stringify(body),
            }),
          );
        }),
        { numRuns: 200, seed: 23 },
      );
    });
  });
}
