import { afterEach, describe, expect, test } from '@jest/globals';
import { OutboundError } from '../src/index.ts';
import { eventually } from '@chatelaine/test-kit';
import { closeAll, outboundTo, serve, serveRaw, urlOf } from './servers.ts';

afterEach(closeAll);

test('it can be used as a fetch', () => {
  const asFetch: typeof globalThis.fetch = outboundTo([]).fetch;
  expect(typeof asFetch).toBe('function');
});

test('method, headers and form arrive, status, headers and body come back', async () => {
  const server = await serve((request, response) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const { authorization, host, 'content-type': type, 'content-length': length } = request.headers;
        response.writeHead(201, { 'content-type': 'application/json', 'set-cookie': ['a=1', 'b=2'] });
        response.end(
          JSON.stringify({
            method: request.method,
            url: request.url,
            authorization,
            host,
            type,
            length,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      });
  });
  const { fetch } = outboundTo([server.port]);
  const response = await fetch(urlOf(server, '/token?x=1'), {
    method: 'POST',
    headers: { authorization: 'DPoP abc', host: 'evil.example', 'content-length': '9999', connection: 'close' },
    body: new URLSearchParams({ grant_type: 'x', scope: 'a b' }),
  });
  expect(response).toBeInstanceOf(Response);
  expect([response.status, response.ok, response.redirected, response.url]).toEqual([
    201,
    true,
    false,
    urlOf(server, '/token?x=1'),
  ]);
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  expect(await response.json()).toEqual({
    method: 'POST',
    url: '/token?x=1',
    authorization: 'DPoP abc',
    host: `server.localhost:${server.port}`,
    type: 'application/x-www-form-urlencoded;charset=UTF-8',
    length: '22',
    body: 'grant_type=x&scope=a+b',
  });
  const request = new Request(urlOf(server), { method: 'PUT', body: 'text' });
  expect(await (await fetch(request)).json()).toMatchObject({ method: 'PUT', body: 'text' });
  expect(await (await fetch(new URL(urlOf(server)))).json()).toMatchObject({ method: 'GET', body: '' });
});

describe('a redirect', () => {
  test.each([301, 302, 303, 307, 308])('%d comes back as it is, whatever the caller says', async (status) => {
    let hits = 0;
    const server = await serve((_request, response) => {
      hits += 1;
      response.writeHead(status, { location: 'http://169.254.169.254/' }).end();
    });
    const { fetch } = outboundTo([server.port]);
    for (const redirect of ['manual', 'follow'] as const) {
      const response = await fetch(urlOf(server), { redirect });
      expect([response.status, response.type === 'opaqueredirect', response.headers.get('location')]).toEqual([
        status,
        false,
        'http://169.254.169.254/',
      ]);
    }
    await expect(fetch(urlOf(server), { redirect: 'error' })).rejects.toMatchObject({ reason: 'redirect' });
    expect(hits).toBe(3);
  });
});

test('answers without a body are answers', async () => {
  const server = await serve((request, response) => void response.writeHead(Number(request.url?.slice(1))).end());
  const { fetch } = outboundTo([server.port]);
  for (const status of [200, 204, 205, 304]) expect((await fetch(urlOf(server, `/${status}`))).status).toBe(status);
  expect((await fetch(urlOf(server, '/200'), { method: 'HEAD' })).status).toBe(200);
});

test('a status outside HTTP is an error of the other side', async () => {
  const server = await serveRaw((socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 999 OK\r\ncontent-length: 0\r\n\r\n')),
  );
  await expect(outboundTo([server.port]).fetch(urlOf(server))).rejects.toBeInstanceOf(OutboundError);
});

test('an answer is at most 64 KB unless the caller says otherwise', async () => {
  const server = await serve((_request, response) => void response.end('a'.repeat(65_537)));
  const { fetch } = outboundTo([server.port]);
  await expect(fetch(urlOf(server))).rejects.toMatchObject({ reason: 'too_large' });
  expect((await (await fetch(urlOf(server), { maxBytes: 70_000 })).text()).length).toBe(65_537);
});

test('a compressed answer is refused', async () => {
  const server = await serve(
    (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
  );
  await expect(outboundTo([server.port]).fetch(urlOf(server))).rejects.toMatchObject({ reason: 'bad_content_type' });
});

test('no answer in time is a timeout; a call that its caller aborts rejects with the abort reason', async () => {
  const server = await serveRaw(() => {});
  const { fetch } = outboundTo([server.port], { timeouts: { callSeconds: 0.3 } });
  await expect(fetch(urlOf(server))).rejects.toMatchObject({ name: 'OutboundError', reason: 'timeout' });
  const controller = new AbortController();
  const pending = fetch(urlOf(server), { signal: controller.signal, timeoutSeconds: 5 });
  controller.abort();
  await expect(pending).rejects.toMatchObject({ name: 'AbortError' });
  await expect(fetch(urlOf(server), { signal: AbortSignal.abort(new Error('mine')) })).rejects.toThrow('mine');
});

test('an error holds nothing of the answer, not even as its cause', async () => {
  const server = await serveRaw((socket) => socket.once('data', () => socket.end('HTTP/1.1 canary-7f3a\r\n\r\n')));
  const error: unknown = await outboundTo([server.port])
    .fetch(urlOf(server))
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(OutboundError);
  const { message, stack, cause } = error as Error;
  expect(`${message} ${stack} ${JSON.stringify(error)}`).not.toContain('canary');
  expect(cause).toBeUndefined();
});

describe('requests under way are bounded (M16, Q11)', () => {
  const holding = async () => {
    const held: (() => void)[] = [];
    let most = 0;
    const server = await serve((_request, response) => {
      held.push(() => void response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
      most = Math.max(most, held.length);
      arrived.shift()?.();
    });
    const arrived: (() => void)[] = [];
    const next = () => new Promise<void>((resolve) => arrived.push(resolve));
    return { server, held, next, most: () => most };
  };

  test('a limited number is fetched at a time, five times as many wait, and the rest are refused at once', async () => {
    const { server, held, next, most } = await holding();
    const outbound = outboundTo([server.port], { maxConcurrent: 1 });
    const arrival = next();
    const accepted = Array.from({ length: 6 }, () => outbound.fetchJson({ url: urlOf(server) }));
    expect(await outbound.fetchJson({ url: urlOf(server) })).toMatchObject({ kind: 'failed', reason: 'busy' });
    await arrival;
    for (let served = 0; served < 6; served += 1) {
      const following = served < 5 ? next() : undefined;
      held.shift()?.();
      await following;
    }
    expect((await Promise.all(accepted)).map(({ kind }) => kind)).toEqual(Array(6).fill('ok'));
    expect(most()).toBe(1);
  });

  test('waiting counts toward the deadline: a request that gets no turn times out, and frees its slot', async () => {
    const { server, held, next } = await holding();
    const outbound = outboundTo([server.port], { maxConcurrent: 1 });
    const arrival = next();
    const first = outbound.fetchJson({ url: urlOf(server) });
    await arrival;
    expect(await outbound.fetchJson({ url: urlOf(server), timeoutSeconds: 0.2 })).toMatchObject({ reason: 'timeout' });
    held.shift()?.();
    expect((await first).kind).toBe('ok');
    const again = next();
    const second = outbound.fetchJson({ url: urlOf(server) });
    await again;
    held.shift()?.();
    expect((await second).kind).toBe('ok');
  });

  test('a slow destination does not hold up another', async () => {
    const { server: slow, held, next } = await holding();
    const quick = await serve((_request, response) => void response.end('quick'));
    const { fetch } = outboundTo([slow.port, quick.port], { maxPerDestination: 1 });
    const arrival = next();
    const waiting = fetch(urlOf(slow));
    await arrival;
    expect(await (await fetch(urlOf(quick))).text()).toBe('quick');
    held.shift()?.();
    expect((await waiting).status).toBe(200);
  });
});

test('a server of a stranger’s document cannot keep a connection open for long; one that is called may', async () => {
  const open = new Map<string, boolean>();
  const { port } = await serveRaw((socket) => {
    socket.on('data', (chunk: Buffer) => {
      const path = /^GET (\S+)/.exec(chunk.toString())?.[1] ?? '';
      open.set(path, true);
      socket.on('close', () => open.set(path, false));
      const head = [
        'HTTP/1.1 200 OK',
        'content-type: application/json',
        'content-length: 2',
        'keep-alive: timeout=600',
      ];
      socket.write(`${head.join('\r\n')}\r\n\r\n{}`);
    });
  });
  const outbound = outboundTo([port]);
  const at = (path: string) => `http://server.localhost:${port}${path}`;
  expect((await outbound.fetch(at('/called'))).status).toBe(200);
  expect((await outbound.fetchJson({ url: at('/named') })).kind).toBe('ok');
  await eventually(() => open.get('/named') === false);
  expect(open.get('/called')).toBe(true);
});

test('after close nothing is sent, and what was under way completes', async () => {
  const arrival = Promise.withResolvers<() => void>();
  const server = await serve((_request, response) => arrival.resolve(() => void response.end('done')));
  const outbound = outboundTo([server.port]);
  const pending = outbound.fetch(urlOf(server));
  const finish = await arrival.promise;
  const closing = outbound.close();
  await expect(outbound.fetch(urlOf(server))).rejects.toMatchObject({ reason: 'closed' });
  expect(await outbound.fetchJson({ url: urlOf(server) })).toMatchObject({ kind: 'failed', reason: 'closed' });
  finish();
  expect(await (await pending).text()).toBe('done');
  await closing;
});
