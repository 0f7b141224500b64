import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { expectPage } from './authorize.ts';
import { documented, type Party, REDIRECT_URI } from './clients.ts';
import { authorizePath, Browser, hidden, push, pushed, requestOf } from './flow.ts';
import { type Answer, send } from '@chatelaine/test-kit';
import type { Rig } from './rig.ts';

/** Clients that are known by a document of their own. */
export function clientDocuments(rigOf: () => Rig): void {
  describe('client documents', () => {
    let rig: Rig;
    beforeAll(() => {
      rig = rigOf();
    });
    afterAll(() => {
      rig.clock.skew = 0;
    });
    const arrive = (client_id: string): Promise<Answer> =>
      send(rig.am.ports[0], { path: authorizePath({ ...requestOf(rig.am, documented(rig, rig.am)), client_id }) });
    const fetches = (url: string): number => rig.fetched.filter((each) => each === url).length;
    const publish = (party: Party, changes: object): void => {
      rig.documents.set(party.id, { ...(rig.documents.get(party.id) as object), ...changes });
    };
    /** The document in memory is looked at again after half a minute, the one in the database after five. */
    const later = async (seconds: number): Promise<void> => {
      await rig.age(seconds);
      rig.clock.skew += seconds;
    };

    test('a document is believed only at the URL that it says is its own', async () => {
      const thief = documented(rig, rig.am);
      const honest = documented(rig, rig.am);
      publish(thief, { client_id: honest.id });
      expectPage(await arrive(thief.id));
      publish(honest, { client_id: `${honest.id}/` });
      expectPage(await arrive(honest.id));
    });

    test('a document of another shape, or with metadata that is refused, is no client', async () => {
      const shapes = [null, [], 'x', 7, {}, { client_id: 'x' }];
      for (const shape of shapes) {
        const party = documented(rig, rig.am);
        rig.documents.set(party.id, shape);
        expectPage(await arrive(party.id));
      }
      for (const changes of [
        { redirect_uris: [] },
        { client_name: 'a\u202eb' },
        { token_endpoint_auth_method: 'client_secret_basic' },
        { jwks: undefined },
        { software_statement: 'a.b.c' },
        { jwks_uri: 'https://x.example/\0', jwks: undefined },
      ]) {
        const party = documented(rig, rig.am, changes);
        expectPage(await arrive(party.id));
        expect((await push(rig, rig.am, { party })).status).toBe(401);
      }
    });

    test('an id that is not the canonical URL of a document is not even fetched', async () => {
      const before = rig.fetched.length;
      for (const id of [
        'https://app.example',
        'https://app.example/',
        'https://App.example/c',
        'https://app.example:443/c',
        'https://app.example/a/../c',
        'https://app.example/%2e%2e/c',
        'https://u@app.example/c',
        'https://app.example/c#f',
        'https://app.example/c#',
        'http://app.example/c',
        'ftp://app.example/c',
        'https:/app.example/c',
        'https://app.example/ü',
        ` https://app.example/c`,
        `https://app.example/${'a'.repeat(2000)}`,
      ]) {
        expectPage(await arrive(id));
      }
      expect(rig.fetched).toHaveLength(before);
    });

    test('a document is fetched once and serves all replicas for five minutes', async () => {
      const party = documented(rig, rig.am);
      for (const replica of [0, 1, 0, 1] as const) {
        const path = authorizePath(requestOf(rig.am, party));
        expect((await send(rig.am.ports[replica], { path })).status).toBe(303);
      }
      await later(290);
      expect((await arrive(party.id)).status).toBe(303);
      expect(fetches(party.id)).toBe(1);
      await later(11);
      await later(31);
      expect((await arrive(party.id)).status).toBe(303);
      expect(fetches(party.id)).toBe(2);
    });

    test('while its server is down a document serves for a day, and not longer', async () => {
      const party = documented(rig, rig.am);
      expect((await arrive(party.id)).status).toBe(303);
      rig.documents.delete(party.id);
      await later(23 * 3600);
      expect((await arrive(party.id)).status).toBe(303);
      await later(2 * 3600);
      expectPage(await arrive(party.id));
    });

    test('what is not there is not asked for again and again', async () => {
      const id = 'https://nobody.example/again';
      for (let tries = 0; tries < 5; tries += 1) expectPage(await arrive(id));
      expect(fetches(id)).toBe(1);
    });

    test('a redirect URI that the document no longer has is not gone to, however the request came', async () => {
      const party = documented(rig, rig.am);
      const browser = new Browser(rig.am);
      const requestUri = await pushed(rig, rig.am, { party });
      const path = authorizePath({ client_id: party.id, request_uri: requestUri });
      const page = await browser.get(path);
      publish(party, { redirect_uris: [`${REDIRECT_URI}/moved`] });
      await later(301);
      // the request itself is as old as the document now
      await rig.pool.query(`update oauth_request set expires_at = now() + interval '1 minute' where client_id = $1`, [
        party.id,
      ]);
      expectPage(await browser.get(path));
      expectPage(await browser.post('/authorize', { ...hidden(page), decision: 'allow' }));
    });
  });
}
