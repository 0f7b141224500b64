import { afterEach, describe, expect, test } from '@jest/globals';
import { closeAll, outboundTo, serve, serveRaw, urlOf } from './servers.ts';

afterEach(closeAll);

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('a POST without the objects of fetch', () => {
  test('sends its body and headers, except those of ours, and returns status, headers and body', async () => {
    const server = await serve((request, response) => {
      const chunks: Buffer[] = [];
      request
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => {
          const { host, 'content-length': length, 'content-type': type, 'user-agent': agent } = request.headers;
          response.writeHead(201, { 'retry-after': '7' });
          const seen = { method: request.method, url: request.url, host, length, type, agent };
          response.write(JSON.stringify({ ...seen, body: Buffer.concat(chunks).toString() }).slice(0, 10));
          response.end(JSON.stringify({ ...seen, body: Buffer.concat(chunks).toString() }).slice(10));
        });
    });
    const { post } = outboundTo([server.port]);
    const headers = { ...FORM, host: 'evil.example', 'content-length': '9999', connection: 'close' };
    const answer = await post({ url: urlOf(server, '/token?x=1#y'), headers, body: 'a=ü' });
    expect([answer.status, answer.headers['retry-after']]).toEqual([201, '7']);
    expect(JSON.parse(Buffer.from(answer.body).toString())).toEqual({
      method: 'POST',
      url: '/token?x=1',
      host: `server.localhost:${server.port}`,
      length: '4',
      type: 'application/x-www-form-urlencoded',
      agent: 'chatelaine',
      body: 'a=ü',
    });
  });

  test('follows no redirect', async () => {
    const server = await serve((_request, response) => response.writeHead(307, { location: '/elsewhere' }).end());
    const answer = await outboundTo([server.port]).post({ url: urlOf(server), headers: FORM, body: '' });
    expect([answer.status, answer.headers['location'], server.connections()]).toEqual([307, '/elsewhere', 1]);
  });

  test('goes nowhere that the policy refuses', async () => {
    const { post } = outboundTo([]);
    for (const url of ['http://server.localhost:1/', 'https://127.0.0.1/', 'file:///etc/passwd', 'no url'])
      await expect(post({ url, headers: FORM, body: '' })).rejects.toMatchObject({ reason: 'refused', unsent: true });
  });

  test('refuses an answer that is too large, announced or not, and one that is compressed', async () => {
    const said = await serve((_request, response) =>
      response.writeHead(200, { 'content-length': '11' }).end('x'.repeat(11)),
    );
    const unsaid = await serve((_request, response) => {
      response.write('x'.repeat(6));
      response.end('x'.repeat(5));
    });
    const packed = await serve((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
    );
    const { post } = outboundTo([said.port, unsaid.port, packed.port]);
    for (const server of [said, unsaid]) {
      const input = { url: urlOf(server), headers: FORM, body: '' };
      await expect(post({ ...input, maxBytes: 10 })).rejects.toMatchObject({ reason: 'too_large' });
      expect((await post({ ...input, maxBytes: 11 })).body).toHaveLength(11);
    }
    await expect(post({ url: urlOf(packed), headers: FORM, body: '' })).rejects.toMatchObject({
      reason: 'bad_content_type',
    });
  });

  test('ends with its time, the caller’s signal and its connection; the next one has a new connection', async () => {
    const server = await serveRaw((socket) =>
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nx')),
    );
    const broken = await serveRaw((socket) => socket.once('data', () => socket.end('HTTP/1.1 canary\r\n\r\n')));
    const { post } = outboundTo([server.port, broken.port]);
    const input = { url: urlOf(server), headers: FORM, body: '' };
    await expect(post({ ...input, timeoutSeconds: 0.05 })).rejects.toMatchObject({ reason: 'timeout', unsent: false });
    const leaving = new AbortController();
    const left = post({ ...input, signal: leaving.signal });
    leaving.abort(new Error('mine'));
    await expect(left).rejects.toThrow('mine');
    await expect(post({ ...input, signal: leaving.signal })).rejects.toThrow('mine');
    await expect(post({ ...input, url: urlOf(broken) })).rejects.toMatchObject({ reason: 'unreachable' });
    expect(server.connections()).toBeGreaterThanOrEqual(1);
  });

  test('never has more time than any other call', async () => {
    const server = await serveRaw(() => {});
    const { post } = outboundTo([server.port], { timeouts: { callSeconds: 0.05 } });
    const late = post({ url: urlOf(server), headers: FORM, body: '', timeoutSeconds: 600 });
    await expect(late).rejects.toMatchObject({ reason: 'timeout' });
  });
});
