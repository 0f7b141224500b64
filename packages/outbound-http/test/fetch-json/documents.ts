import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { outboundTo, serve, urlOf } from '../servers.ts';
import { CANARY, json, get } from './scene.ts';

export function documents(): void {
  describe('a good document', () => {
    test('is returned with the time for which it is fresh', async () => {
      const server = await serve(
        json('{"issuer":"https://x.example"}', { 'cache-control': 'public, max-age=600', age: '100' }),
      );
      expect(await get(server)).toMatchObject({
        kind: 'ok',
        status: 200,
        json: { issuer: 'https://x.example' },
        freshForSeconds: 500,
      });
    });

    test('is asked for plainly: GET, identity, JSON', async () => {
      const seen: unknown[] = [];
      const server = await serve((request, response) => {
        seen.push(request.method, request.url, request.headers['accept-encoding'], request.headers.accept);
        json('[]')(request, response);
      });
      const outbound = outboundTo([server.port]);
      expect(
        await outbound.fetchJson({ url: `${urlOf(server, '/a?b=c')}#fragment`, accept: 'application/jwk-set+json' }),
      ).toMatchObject({ kind: 'ok', json: [] });
      expect(seen).toEqual(['GET', '/a?b=c', 'identity', 'application/jwk-set+json']);
    });

    test.each([
      'application/json',
      'APPLICATION/JSON',
      'application/json; charset=utf-8',
      'application/json;charset="UTF-8"',
      'application/jwk-set+json',
      'application/client-metadata+json',
    ])('may be called %p', async (type) =>
      expect(await get(await serve(json('{}', { 'content-type': type })))).toMatchObject({ kind: 'ok' }),
    );

    test.each([
      ['no word', {}, 0],
      ['max-age', { 'cache-control': 'max-age=60' }, 60],
      ['quoted max-age', { 'cache-control': 'max-age="60"' }, 60],
      ['the first of two', { 'cache-control': 'max-age=60, max-age=9000' }, 60],
      ['age beyond it', { 'cache-control': 'max-age=60', age: '61' }, 0],
      ['no-store', { 'cache-control': 'max-age=60, no-store' }, 0],
      ['no-cache', { 'cache-control': 'No-Cache, max-age=60' }, 0],
      ['nonsense', { 'cache-control': 'max-age=-5', age: 'x' }, 0],
      ['a monstrous number', { 'cache-control': 'max-age=99999999999999999999' }, 0],
    ])('with %s in Cache-Control is fresh accordingly', async (_what, headers, expected) => {
      expect(await get(await serve(json('{}', headers as Record<string, string>)))).toMatchObject({
        kind: 'ok',
        freshForSeconds: expected,
      });
    });
  });

  describe('a redirect is not followed (M6)', () => {
    test.each([301, 302, 303, 307, 308, 300, 304])('%d', async (status) => {
      let hits = 0;
      const server = await serve((_request, response) => {
        hits += 1;
        response.writeHead(status, { location: `/${CANARY}`, 'content-type': 'application/json' }).end('{}');
      });
      expect(await get(server)).toEqual({
        kind: 'failed',
        reason: 'redirect',
        detail: `A redirect (${status}) is not followed.`,
      });
      expect(hits).toBe(1);
    });
  });

  test.each([201, 204, 206, 400, 401, 404, 429, 500, 503, 599])('status %d is no document', async (status) => {
    const server = await serve(
      (_request, response) => void response.writeHead(status, { 'content-type': 'application/json' }).end('{}'),
    );
    expect(await get(server)).toMatchObject({ kind: 'failed', reason: 'bad_status' });
  });

  describe('what is not strictly JSON is refused (M12)', () => {
    test.each([
      'text/html',
      'text/plain',
      'application/octet-stream',
      'text/json',
      'application/jsonp',
      'application/json, text/html',
      'application/json; charset=iso-8859-1',
      'application/xml+jsonx',
      'application/json;x=y',
    ])('content type %p', async (type) =>
      expect(await get(await serve(json('{}', { 'content-type': type })))).toMatchObject({
        kind: 'failed',
        reason: 'bad_content_type',
      }),
    );

    test('no content type at all', async () => {
      const server = await serve((_request, response) => void response.writeHead(200).end('{}'));
      expect(await get(server)).toMatchObject({ reason: 'bad_content_type' });
    });

    test.each<[string, string | Uint8Array]>([
      ['HTML', `<!doctype html><p>${CANARY}`],
      ['nothing', ''],
      ['a byte order mark', '\uFEFF{}'],
      ['UTF-16', Buffer.from('{}', 'utf16le')],
      ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
      ['an overlong sequence', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
      ['half a document', `{"a":"${CANARY}`],
      ['a comma too many', '{"a":1,}'],
      ['a comment', '{/* */}'],
      ['NaN', '{"a":NaN}'],
      ['two documents', '{}{}'],
      ['33 levels', '['.repeat(33) + ']'.repeat(33)],
      ['10,000 levels', '['.repeat(10_000) + ']'.repeat(10_000)],
      ['30,000 levels of objects', '{"a":'.repeat(12_000)],
      ['__proto__', '{"__proto__":{"admin":true}}'],
      ['__proto__ in escapes', String.raw`{"a":[{"\u005f_proto__":1}]}`],
      ['constructor', '{"constructor":{"prototype":{}}}'],
      ['a repeated member', `{"issuer":"a","issuer":"${CANARY}"}`],
      ['a member repeated in other letters', String.raw`{"issuer":"a","\u0069ssuer":"b"}`],
      ['a repeated member deep inside', '{"a":[{"b":{"c":1,"d":2,"c":3}}]}'],
    ])('%s', async (_what, body) => {
      const result = await get(await serve(json(body)));
      expect(result).toMatchObject({ kind: 'failed', reason: 'bad_json' });
      expect(JSON.stringify(result)).not.toContain(CANARY);
    });

    test('32 levels, equal names in different objects, and names as values are fine', async () => {
      const deep = `${'['.repeat(31)}${']'.repeat(31)}`;
      const body = `{"a":{"b":1},"b":{"b":"__proto__"},"c":["constructor","a","a"],"d":${deep}}`;
      expect(await get(await serve(json(body)))).toMatchObject({ kind: 'ok' });
    });

    test('64 KB of quotes without an end are refused in no time', async () => {
      const server = await serve(json(`{"${String.raw`\"`.repeat(32_000)}`));
      const before = process.cpuUsage();
      expect(await get(server)).toMatchObject({ reason: 'bad_json' });
      expect(process.cpuUsage(before).user).toBeLessThan(500_000);
    });

    test('a compressed answer is not unpacked, however small it is', async () => {
      const bomb = gzipSync(Buffer.alloc(20_000_000));
      for (const encoding of ['gzip', 'br', 'deflate', 'zstd', 'identity, gzip']) {
        const server = await serve(json(bomb, { 'content-encoding': encoding }));
        expect(await get(server)).toMatchObject({ kind: 'failed', reason: 'bad_content_type' });
      }
    });
  });
}
