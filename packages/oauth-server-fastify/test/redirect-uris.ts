import { beforeAll, describe, expect, test } from '@jest/globals';
import { expectPage } from './authorize.ts';
import { documented, type Party, REDIRECT_URI, registered } from './clients.ts';
import { answered, arrive, authorizePath, push, pushed, requestOf } from './flow.ts';
import { type Answer, type Form, postJson, send } from '@chatelaine/test-kit';
import type { Rig } from './rig.ts';

/** Where the browser is sent, and where never. */
export function redirectUris(rigOf: () => Rig): void {
  describe('redirect URIs', () => {
    let rig: Rig;
    let party: Party;
    beforeAll(async () => {
      rig = rigOf();
      party = await registered(rig);
    });
    const plain = (changes: Form = {}): Promise<Answer> => arrive(rig, { ...requestOf(rig.am, party), ...changes });

    test.each([
      'https://app.example/cb/x',
      'https://app.example/cb?x=y',
      'https://app.example/CB',
      'https://APP.example/cb',
      'https://app.example/cb/',
      'https://app.example:443/cb',
      'https://app.example/x/%2e%2e/cb',
      'https://app.example@evil.example/cb',
      'https://evil.example\\@app.example/cb',
      'https://app.example/cb#f',
      'https://app.example/cb ',
      'http://app.example/cb',
      'https://app.example.evil.example/cb',
      'javascript:alert(1)//https://app.example/cb',
      'data:text/html,x',
    ])('A1 a redirect_uri that is not the registered one is never gone to: %s', async (redirect_uri) => {
      expectPage(await plain({ redirect_uri }));
    });

    test('A1 a loopback redirect may differ in its port, localhost included, and in nothing else', async () => {
      const program = await registered(rig, {
        redirect_uris: [
          'http://127.0.0.1/cb',
          'http://[::1]:9/cb',
          'http://localhost/callback',
          'http://localhost:4000/cb?a=b',
        ],
      });
      const at = (redirect_uri: string): Promise<Answer> =>
        arrive(rig, { ...requestOf(rig.am, program), redirect_uri });
      for (const uri of [
        'http://127.0.0.1:4711/cb',
        'http://127.0.0.1:80/cb',
        'http://[::1]:4711/cb',
        'http://[::1]/cb',
        'http://localhost/callback',
        'http://localhost:58135/callback',
        'http://localhost:4711/cb?a=b',
        'http://localhost/cb?a=b',
      ]) {
        expect([uri, (await at(uri)).onward]).toEqual([uri, expect.stringContaining('request_uri')]);
      }
      for (const uri of [
        'http://127.0.0.1:4711/cb/x',
        'http://127.0.0.1:4711/callback',
        'http://127.0.0.1:4711/',
        'http://127.0.0.2/cb',
        'http://localhost:4711/cb',
        'http://localhost:4711/callback/',
        'http://LOCALHOST:4711/callback',
        'http://localhost.:4711/callback',
        'http://localhost:4711/x/../callback',
        'https://localhost:4711/callback',
        'https://127.0.0.1/cb',
        'http://127.1:80/cb',
        'http://localhost:99999/callback',
        'http://localhost:/callback',
        'http://localhost:08/callback',
        'http://localhost:4711@evil.example/callback',
        'http://localhost:4711\\@evil.example/callback',
        'http://localhost:4711/callback#f',
        'http://localhost:4711/callback?a=b',
      ]) {
        expectPage(await at(uri));
      }
    });

    test('A1 a loopback redirect without a path is the one with /, at any port; elsewhere it is not', async () => {
      for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
        for (const [known, given] of [
          [`http://${host}`, `http://${host}:33418/`],
          [`http://${host}/`, `http://${host}:33418`],
          [`http://${host}:5000`, `http://${host}:33418`],
          [`http://${host}`, `http://${host}/`],
        ] as const) {
          const program = { ...(await registered(rig, { redirect_uris: [known] })), redirectUri: given };
          const requestUri = await pushed(rig, rig.am, { party: program });
          const answer = await answered(rig.am, { party: program, requestUri });
          // the browser goes to the port that was asked for, spelled as it was asked for
          expect(answer.onward?.startsWith(`${given}?code=`)).toBe(true);
        }
      }
      const site = await registered(rig, { redirect_uris: ['https://app.example'] });
      expectPage(await arrive(rig, { ...requestOf(rig.am, site), redirect_uri: 'https://app.example/' }));
    });

    test.each(['a;b', "a'b", 'a!b', 'a(b)', 'a,b', 'a=b', 'a~b', 'a&b', 'a{b}', 'a..b', '.a'])(
      'A15 a host that DNS could not have is refused at registration: %s',
      async (label) => {
        for (const redirect_uri of [`https://${label}.example/cb`, `https://app.example.${label}/cb`]) {
          const answer = await postJson(rig.am.ports[0], '/register', { redirect_uris: [redirect_uri] });
          expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_redirect_uri' } });
          const client = documented(rig, rig.am, { redirect_uris: [redirect_uri] });
          expectPage(await arrive(rig, { ...requestOf(rig.am, client), redirect_uri }));
        }
      },
    );

    test.each(['a;b', "a'b"])(
      'A15 a host that DNS could not have is none for a client document or a redirect in it, on both sides: %s',
      async (label) => {
        const before = rig.fetched.length;
        for (const side of [rig.am, rig.host]) {
          const client_id = `https://${label}.example/client`;
          rig.documents.set(client_id, { client_id, redirect_uris: [REDIRECT_URI] });
          const path = authorizePath({ ...requestOf(side, party), client_id });
          expectPage(await send(side.ports[0], { path }));
        }
        expect(rig.fetched).toHaveLength(before);
        for (const side of [rig.am, rig.host]) {
          const client = documented(rig, side, { redirect_uris: [`https://${label}.example/cb`] });
          expect((await push(rig, side, { party: client })).status).toBe(401);
          const page = await send(side.ports[0], { path: authorizePath(requestOf(side, client)) });
          expectPage(page);
          expect(page.text).toContain('must name a host that DNS could have');
        }
      },
    );

    test('A15 a host with an underscore is one for a client document, and a redirect in it, at a Host', async () => {
      const redirectUri = 'https://my_app.example/cb';
      const client = { ...documented(rig, rig.host, { redirect_uris: [redirectUri] }), redirectUri };
      const id = 'https://my_app.example/client';
      rig.documents.set(id, { ...(rig.documents.get(client.id) as object), client_id: id });
      for (const party of [client, { ...client, id }]) {
        const requestUri = await pushed(rig, rig.host, { party });
        const answer = await answered(rig.host, { party, requestUri });
        expect(answer.onward?.startsWith(`${redirectUri}?code=`)).toBe(true);
      }
    });

    test('A15 a host with an underscore, a hyphen or a number is one, and its owner is asked', async () => {
      for (const host of ['my_app.example', '_x.my-app.example', '4.example', 'xn--bcher-kva.example']) {
        const redirect_uri = `https://${host}/cb`;
        const client = await registered(rig, { redirect_uris: [redirect_uri] });
        const requestUri = await pushed(rig, rig.am, { party: client, form: { redirect_uri } });
        const answer = await answered(rig.am, { party: client, requestUri });
        expect(answer.onward?.startsWith(`${redirect_uri}?code=`)).toBe(true);
      }
    });

    test('A2 without a redirect_uri, one of several registered is not guessed', async () => {
      const several = await registered(rig, { redirect_uris: [REDIRECT_URI, 'https://app.example/other'] });
      expectPage(await arrive(rig, { ...requestOf(rig.am, several), redirect_uri: undefined }));
      expect((await plain({ redirect_uri: undefined })).status).toBe(303);
    });

    test('A3 an unknown client, a deleted one and none get a page', async () => {
      const deleted = await registered(rig);
      const headers = { authorization: `Bearer ${deleted.registrationToken}` };
      await send(rig.am.ports[1], { method: 'DELETE', path: `/register/${deleted.id}`, headers });
      for (const client_id of [
        'nobody',
        deleted.id,
        'https://nobody.example/client',
        '',
        'javascript:alert(1)',
        undefined,
      ]) {
        expectPage(await plain({ client_id }));
      }
    });

    test('A9 the query of a redirect URI stays as it was registered', async () => {
      const redirectUri = 'https://app.example/cb?a=b%20c&flag&%7Ex=+';
      const odd = { ...(await registered(rig, { redirect_uris: [redirectUri] })), redirectUri };
      const answer = await answered(rig.am, { party: odd, requestUri: await pushed(rig, rig.am, { party: odd }) });
      expect(answer.onward?.startsWith(`${redirectUri}&code=`)).toBe(true);
    });

    test('A15 a document with a redirect URI that runs or leaks is no client', async () => {
      for (const uri of [
        'javascript:alert(1)',
        'data:text/html,x',
        'file:///etc/passwd',
        'http://app.example/cb',
        'https://10.0.0.1/cb',
      ]) {
        const bad = documented(rig, rig.am, { redirect_uris: [uri] });
        expectPage(await arrive(rig, { ...requestOf(rig.am, bad), redirect_uri: uri }));
      }
    });
  });
}
