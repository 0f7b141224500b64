import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type Exchange, type Front, openFront } from '../src/index.ts';

const opened: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

interface Backend {
  name: string;
  port: number;
  running: boolean;
  seen: http.IncomingMessage[];
}

/** A process as the front sees one; it answers with its name and what it was sent. */
async function backend(name: string): Promise<Backend> {
  const seen: http.IncomingMessage[] = [];
  const server = http.createServer((request, response) => {
    seen.push(request);
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      response.setHeader('X-Twice', ['one', 'two']);
      response.end(`${name} ${request.headers['x-peer'] === undefined ? '' : request.socket.remoteAddress}${body}`);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.push(async () => void (await once(server.close(), 'close')));
  return { name, port: (server.address() as AddressInfo).port, running: true, seen };
}

async function front(processes: Backend[]): Promise<Front> {
  const it = await openFront({ name: 'am', port: 0, processes });
  opened.push(it.close);
  return it;
}

interface Sent {
  status: number;
  raw: string[];
  body: string;
}

async function send({ port }: Front, options: http.RequestOptions = {}, body = ''): Promise<Sent> {
  const request = http.request({ host: '127.0.0.1', port, agent: false, ...options });
  request.end(body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, raw: response.rawHeaders, body: text };
}

describe('a front', () => {
  test('hands requests to the processes in turn, or to the one it was told', async () => {
    const am = await front([await backend('am-1'), await backend('am-2')]);
    const inTurn = [await send(am), await send(am), await send(am)].map(({ body }) => body.trim());
    expect(inTurn).toEqual(['am-1', 'am-2', 'am-1']);
    am.direct(1);
    expect([(await send(am)).body.trim(), (await send(am)).body.trim()]).toEqual(['am-2', 'am-2']);
  });

  test('changes nothing about headers: case, order and repetition arrive as they were sent, both ways', async () => {
    const [one] = [await backend('am-1')];
    const am = await front([one]);
    const headers = ['Host', 'am.localhost:4800', 'DPoP', 'a', 'dPoP', 'b', 'X-Empty', ''];
    const answer = await send(am, { headers });
    expect(one.seen[0]?.rawHeaders.slice(0, headers.length)).toEqual(headers);
    expect(answer.raw.filter((_, index) => answer.raw[index - 1] === 'X-Twice')).toEqual(['one', 'two']);
  });

  test('passes bodies on, and invents none', async () => {
    const one = await backend('am-1');
    const am = await front([one]);
    const long = 'x'.repeat(300_000);
    expect((await send(am, { method: 'POST' }, long)).body).toBe(`am-1 ${long}`);
    await send(am, { method: 'POST', headers: ['Host', 'am.localhost', 'Content-Length', '0'] });
    expect(one.seen[1]?.headers['transfer-encoding']).toBeUndefined();
  });

  test('keeps the address a visitor comes from', async () => {
    const am = await front([await backend('am-1')]);
    const from = process.platform === 'linux' ? '127.0.7.7' : '127.0.0.1';
    expect((await send(am, { localAddress: from, headers: { 'x-peer': 'tell' } })).body).toBe(`am-1 ${from}`);
  });

  test('passes over a process that has ended, or does not listen; without any it says so', async () => {
    const [ended, deaf, one] = [await backend('am-1'), await backend('am-2'), await backend('am-3')];
    ended.running = false;
    deaf.port = 1;
    const am = await front([ended, deaf, one]);
    expect([(await send(am)).body.trim(), (await send(am)).body.trim()]).toEqual(['am-3', 'am-3']);
    one.running = false;
    expect((await send(am)).status).toBe(502);
  });

  test('writes down what passes, while somebody wants it', async () => {
    const am = await front([await backend('am-1')]);
    const seen: Exchange[] = [];
    const tap = am.record((exchange) => void seen.push(exchange));
    await send(am, { method: 'POST', path: '/token' }, 'grant_type=x');
    tap.stop();
    await send(am, { path: '/not-seen' });
    expect(seen).toMatchObject([
      {
        service: 'am',
        process: 'am-1',
        request: { method: 'POST', path: '/token', body: 'grant_type=x' },
        response: { status: 200, body: 'am-1 grant_type=x' },
      },
    ]);
  });
});
