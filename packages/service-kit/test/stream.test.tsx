import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import type { VNode } from 'preact';
import { Arriving, Layout, streamPage } from '@chatelaine/ui';
import { createServer } from '../src/index.ts';

let app: FastifyInstance;
let origin: string;
let next: PromiseWithResolvers<void>;
let left: PromiseWithResolvers<void>;
let logged = '';
const open = { count: 0 };

async function* rows(gone: AbortSignal, end: 'good' | 'bad'): AsyncGenerator<VNode> {
  gone.addEventListener('abort', () => left.resolve());
  yield <li>one</li>;
  await Promise.race([next.promise, left.promise]);
  if (end === 'bad') throw new Error('the database is gone');
  yield <li>{'<two>'}</li>;
}
async function* after(): AsyncGenerator<VNode> {
  open.count += 1;
  yield <p>three</p>;
}

beforeAll(async () => {
  app = await createServer({
    name: 'test',
    issuer: 'http://test.localhost',
    site: { name: 'Test', role: 'Host' },
    logDestination: { write: (line) => void (logged += line) },
  });
  for (const end of ['good', 'bad'] as const)
    app.get(`/${end}`, async (_request, reply) =>
      streamPage(reply, (gone) => (
        <Layout title="Comes">
          <ul>
            <Arriving parts={rows(gone, end)} />
          </ul>
          <Arriving parts={after()} />
          <p>last</p>
        </Layout>
      )),
    );
  await app.listen({ host: '127.0.0.1', port: 0 });
  origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
});
afterAll(() => app.close());

async function opened(path: string, signal?: AbortSignal) {
  [next, left] = [Promise.withResolvers(), Promise.withResolvers()];
  const answer = await fetch(`${origin}${path}`, signal === undefined ? {} : { signal });
  const pieces = answer.body?.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  let seen = '';
  const until = async (text: string): Promise<string> => {
    while (!seen.includes(text)) {
      const piece = await pieces?.next();
      if (piece?.done !== false) throw new Error(`ended: ${seen}`);
      seen += piece.value;
    }
    return seen;
  };
  return { answer, until };
}

test('a page can be read while it is made: each part before the next, all places in order', async () => {
  const { answer, until } = await opened('/good');
  expect([answer.status, answer.headers.get('cache-control'), answer.headers.get('content-type')]).toEqual([
    200,
    'no-store',
    'text/html; charset=utf-8',
  ]);
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(await until('one')).toMatch(/^<!doctype html><html lang="en">.*<ul><li>one<\/li>$/s);
  next.resolve();
  expect(await until('</html>')).toMatch(
    /<ul><li>one<\/li><li>&lt;two><\/li><\/ul><p>three<\/p><p>last<\/p>.*<\/html>$/s,
  );
});

test('one that fails midway is still a complete page, and says so; the log has the reason', async () => {
  const before = open.count;
  const { until } = await opened('/bad');
  next.resolve();
  const text = await until('</html>');
  expect(text).toMatch(/<li>one<\/li><\/ul>.*could not be finished\. Reload it.*<p>last<\/p>.*<\/html>$/s);
  expect([text.includes('three'), text.includes('database'), open.count]).toEqual([false, false, before]);
  expect(logged).toContain('a page broke off');
  expect(logged).toContain('the database is gone');
});

test('a disconnect is noticed at once, and is not an error', async () => {
  logged = '';
  const controller = new AbortController();
  const { until } = await opened('/bad', controller.signal);
  await until('one');
  controller.abort();
  await left.promise;
  await fetch(`${origin}/healthz`);
  expect(logged).not.toContain('broke off');
});

test('HEAD answers without a body', async () => {
  [next, left] = [Promise.withResolvers(), Promise.withResolvers()];
  next.resolve();
  const answer = await fetch(`${origin}/good`, { method: 'HEAD' });
  expect([answer.status, await answer.text()]).toEqual([200, '']);
});
