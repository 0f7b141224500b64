import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import type { Embedded } from '@chatelaine/dev-postgres';
import {
  DOCUMENT_MEMORY_BYTES,
  documentBytes,
  type FetchDocument,
  type Read,
  readDocument,
} from '@chatelaine/oauth-server';
import { clientDocumentSchema } from '@chatelaine/protocol';
import { createPgStorage } from '@chatelaine/oauth-server-pg';
import { expectPage } from './authorize.ts';
import { documented, type Party, REDIRECT_URI } from './clients.ts';
import { authorizePath, Browser, hidden, push, pushed, requestOf } from './flow.ts';
import { type Answer, send } from '@chatelaine/test-kit';
import { NO_LIMITS, type Rig, startRig } from './rig.ts';

/** Clients that are known by a document of their own. */
export function clientDocuments(rigOf: () => Rig, serverOf: () => Embedded): void {
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

    test('a name that is deceptive is not shown', async () => {
      const party = documented(rig, rig.am, { client_name: 'Your\u202eknaB' });
      const requestUri = await pushed(rig, rig.am, { party });
      const page = await new Browser(rig.am).get(authorizePath({ client_id: party.id, request_uri: requestUri }));
      expect([page.status, page.text.includes('Your'), page.text.includes('\u202e')]).toEqual([200, false, false]);
      expect(page.text).toContain('app.example');
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

    describe('that strangers name, ever new ones', () => {
      const MOST = 1_048_576;
      let own: Rig;
      beforeAll(async () => {
        const documentKilobytes = { name: 'document-kb', points: 3, perSeconds: 3_600 };
        own = await startRig(serverOf(), { ...NO_LIMITS, documentKilobytes });
      });
      afterAll(() => own.stop());
      /** 64 KB that would be a megabyte, were it kept as it is parsed. */
      const padding = Array.from({ length: 10_000 }, () => [0]);
      /** Reads as many as there are numbers, by a storage of its own. */
      const readMany = async (count: number, documentOf: (url: string) => unknown) => {
        const storage = createPgStorage(own.pool, { documentBytes: MOST });
        const fetchDocument: FetchDocument = async (url) => ({ kind: 'ok', json: documentOf(url), freshForSeconds: 0 });
        const deps = { storage, fetchDocument, clock: own.clock };
        const read = (json: unknown): Read<null> =>
          clientDocumentSchema.safeParse(json).success
            ? { kind: 'good', value: null }
            : { kind: 'bad', fault: 'schema' };
        for (let n = 0; n < count; n += 1)
          await readDocument(deps, { url: `https://evil.example/${n}`, as: 'client', read });
        return deps;
      };
      const stored = async (): Promise<{ rows: number; bytes: number }> => {
        const { rows } = await own.pool.query<{ rows: number; bytes: number }>(
          `select count(*)::int as rows, coalesce(sum(greatest(pg_column_size(body), 2048)), 0)::int as bytes
          from oauth_document where url like 'https://evil%'`,
        );
        return rows[0] ?? { rows: 0, bytes: 0 };
      };

      test('what is no client document is kept nowhere', async () => {
        const deps = await readMany(200, () => ({ client_id: 'https://other.example/', redirect_uris: 7, padding }));
        expect(await stored()).toEqual({ rows: 0, bytes: 0 });
        // that it is none is known for seconds: a few hundred bytes each
        expect(documentBytes(deps)).toBeLessThan(200 * 1024);
      });

      test('what is one takes so many bytes of memory and of the database, and no more; the newest stay', async () => {
        const noise = (url: string): string => createHash('sha512').update(url).digest('hex').repeat(8);
        const deps = await readMany(600, (url) => {
          const good = { client_id: url, redirect_uris: [REDIRECT_URI] };
          return /[147]$/.test(url) ? { ...good, padding } : { ...good, noise: noise(url) };
        });
        expect(documentBytes(deps)).toBeLessThanOrEqual(DOCUMENT_MEMORY_BYTES);
        expect(documentBytes(deps)).toBeGreaterThan(DOCUMENT_MEMORY_BYTES / 2);
        const full = await stored();
        expect(full.bytes).toBeGreaterThan(MOST / 2);
        expect(full.bytes).toBeLessThan(MOST + 65_536);
        // room is made before there is none, so that a newcomer's is stored
        await deps.storage.reap();
        expect((await stored()).bytes).toBeLessThanOrEqual((MOST * 3) / 4);
        const url = 'https://evil.example/newcomer';
        await deps.storage.writeDocument({ url, body: {}, freshForSeconds: 300 });
        expect(await deps.storage.readDocument(url)).not.toBeNull();
        await own.pool.query('delete from oauth_document');
      });

      test('one source has so much stored an hour; what is more is known for seconds', async () => {
        const ids = Array.from({ length: 5 }, () => documented(own, own.am).id);
        for (const client_id of ids) {
          const path = authorizePath({ ...requestOf(own.am, documented(own, own.am)), client_id });
          expect((await send(own.am.ports[0], { path })).status).toBe(303);
        }
        const { rows } = await own.pool.query('select from oauth_document');
        expect(rows).toHaveLength(3);
      });
    });
  });
}
