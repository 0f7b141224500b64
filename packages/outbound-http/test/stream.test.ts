import { afterEach, describe, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { closeAll, outboundTo, serve, urlOf } from './servers.ts';

afterEach(closeAll);

/** A server that leaves its answers open, for the test to write to. */
async function open() {
  const answers: ServerResponse[] = [];
  const waiting: ((answer: ServerResponse) => void)[] = [];
  const server = await serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.write('first\n');
    answers.push(response);
    waiting.shift()?.(response);
  });
  const next = (): Promise<ServerResponse> => new Promise((resolve) => waiting.push(resolve));
  return { server, next, answers };
}
const textOf = (chunk: Uint8Array | void) => Buffer.from(chunk ?? []).toString();
const iterate = (body: AsyncIterable<Uint8Array>) => body[Symbol.asyncIterator]();

describe('an answer that is read while it arrives', () => {
  test('comes piece by piece, each before the next is sent', async () => {
    const { server, next } = await open();
    const { stream } = outboundTo([server.port]);
    const answering = next();
    const { status, headers, body } = await stream(urlOf(server), { method: 'POST', body: '{}' });
    expect([status, headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
    const pieces = iterate(body);
    expect(textOf((await pieces.next()).value)).toBe('first\n');
    (await answering).write('second\n');
    expect(textOf((await pieces.next()).value)).toBe('second\n');
    (await answering).end();
    expect(await pieces.next()).toEqual({ done: true, value: undefined });
  });

  test('is given up by leaving the loop, by the signal and by cancel: the other side sees it close', async () => {
    const { server, next } = await open();
    const { stream } = outboundTo([server.port]);
    const closed = async (answer: Promise<ServerResponse>) => {
      const one = await answer;
      if (!one.destroyed) await new Promise((resolve) => one.once('close', resolve));
    };
    let answering = next();
    for await (const _piece of (await stream(urlOf(server))).body) break;
    await closed(answering);
    answering = next();
    const controller = new AbortController();
    const reading = iterate((await stream(urlOf(server), { signal: controller.signal })).body);
    await reading.next();
    controller.abort(new Error('enough'));
    await expect(reading.next()).rejects.toThrow('enough');
    await closed(answering);
    answering = next();
    (await stream(urlOf(server))).cancel();
    await closed(answering);
  });

  test('has one limit of size and time for the whole, and frees its slot at the gate however it ends', async () => {
    const { server, next } = await open();
    const { stream } = outboundTo([server.port], { maxPerDestination: 1 });
    const small = await stream(urlOf(server), { maxBytes: 3 });
    await expect(iterate(small.body).next()).rejects.toMatchObject({ reason: 'too_large' });
    const slow = iterate((await stream(urlOf(server), { timeoutSeconds: 1 })).body);
    expect(textOf((await slow.next()).value)).toBe('first\n');
    await expect(slow.next()).rejects.toMatchObject({ reason: 'timeout' });
    // nobody reads this one, so its deadline frees the slot
    await stream(urlOf(server), { timeoutSeconds: 1 });
    const answering = next();
    const last = iterate((await stream(urlOf(server), { timeoutSeconds: 5 })).body);
    expect(textOf((await last.next()).value)).toBe('first\n');
    (await answering).destroy();
    await expect(last.next()).rejects.toMatchObject({ reason: 'unreachable' });
  });

  test('is under the same policy as every other, and not read when it is compressed', async () => {
    const server = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
    });
    const { stream } = outboundTo([server.port]);
    await expect(stream('http://169.254.169.254/')).rejects.toMatchObject({ reason: 'refused' });
    await expect(stream(urlOf(server))).rejects.toMatchObject({ reason: 'bad_content_type' });
  });
});
