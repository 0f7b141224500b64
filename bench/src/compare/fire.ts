import net from 'node:net';
import type { Prepared } from '../requests.ts';

/** The result of a round of requests. */
export interface Shot {
  /** How much was served: requests, or items of them. */
  readonly count: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** How many requests were answered 408, 503 or 504, as by an overloaded machine: they yielded nothing. */
  readonly refused: number;
}

export interface Firing {
  readonly port: number;
  readonly requests: readonly Prepared[];
  /** Connections, each with one request in progress. */
  readonly inFlight: number;
  /** At most; the round ends earlier when all requests have been sent. */
  readonly seconds: number;
  /** Starts again with the first request when all have been sent; for requests that are good more than once. */
  readonly again?: boolean;
  /** A steady pace; by default as fast as answers come. */
  readonly perSecond?: number;
  /** How much an answer yields, by its body; 1 by default. */
  readonly worth?: (body: string) => number;
}

/**
 * Sends requests over kept-alive connections with as little work as possible, so that the client takes little of the
 * machine from what is measured: each request is one buffer, and of an answer only the status and the length are read.
 * Rejects at the first answer that is neither a success nor one of an overloaded machine (408, 5xx).
 */
export async function fire(firing: Firing): Promise<Shot> {
  const { port, inFlight, seconds, again = false, perSecond } = firing;
  const buffers = firing.requests.map(toBytes);
  const latencies: number[] = [];
  let brought = 0;
  let refused = 0;
  const began = performance.now();
  const ends = began + seconds * 1000;
  let next = 0;
  const take = (): Buffer | undefined => {
    if (performance.now() >= ends) return undefined;
    if (again && next >= buffers.length) next = 0;
    return buffers[next++];
  };
  const answered = (body: string, milliseconds: number): void => {
    latencies.push(milliseconds);
    brought += firing.worth?.(body) ?? 1;
  };
  const refusedOne = (): void => {
    refused += 1;
  };
  const due = perSecond === undefined ? null : createPace(began, perSecond);
  await Promise.all(
    Array.from({ length: inFlight }, () => connection({ port, take, due, answered, refused: refusedOne })),
  );
  const took = (performance.now() - began) / 1000;
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { count: brought, perSecond: brought / took, p50: at(0.5), p99: at(0.99), refused };
}

/** When the next request is due: waiting for a free connection counts as waiting. */
function createPace(began: number, perSecond: number): () => number {
  let sent = 0;
  return () => began + (sent++ / perSecond) * 1000;
}

interface Connection {
  readonly port: number;
  readonly take: () => Buffer | undefined;
  readonly due: (() => number) | null;
  readonly answered: (body: string, milliseconds: number) => void;
  readonly refused: () => void;
}

/** One connection, opened when it is first needed, and again if the server closed it while nothing was in progress. */
function connection({ port, take, due, answered, refused }: Connection): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let socket: net.Socket | null = null;
  let began = 0;
  let received = '';
  let isBusy = false;
  const end = (error?: Error): void => {
    isBusy = false;
    socket?.destroy();
    if (error === undefined) resolve();
    else reject(error);
  };
  const open = (): net.Socket => {
    const opened = net.connect({ port, host: '127.0.0.1', noDelay: true });
    opened.setEncoding('latin1');
    opened.on('error', (error) => (isBusy ? end(error) : undefined));
    opened.on('close', () => {
      if (isBusy && socket === opened) end(new Error('The server closed a connection that was in use.'));
      if (socket === opened) socket = null;
    });
    opened.on('data', read);
    return opened;
  };
  const write = (request: Buffer, at: number): void => {
    began = at;
    isBusy = true;
    socket ??= open();
    socket.write(request);
  };
  const send = (): void => {
    const request = take();
    if (request === undefined) return end();
    const at = due?.() ?? performance.now();
    const wait = at - performance.now();
    if (wait > 1) setTimeout(write, wait, request, at);
    else write(request, at);
  };
  const read = (chunk: string): void => {
    received += chunk;
    const answer = readAnswer(received);
    if (answer === null) return;
    received = '';
    isBusy = false;
    if (answer.status === '408' || answer.status.startsWith('5')) refused();
    else if (answer.status === '200' || answer.status === '201') answered(answer.body, performance.now() - began);
    else return end(new Error(`${answer.status}: ${answer.body}`));
    send();
  };
  send();
  return promise;
}

/** `null` until all of it has arrived. */
function readAnswer(text: string): { status: string; body: string } | null {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return null;
  const headers = text.slice(0, head).toLowerCase();
  const length = /\r\ncontent-length: (\d+)/.exec(headers)?.[1];
  const body = text.slice(head + 4);
  const whole = length === undefined ? body.endsWith('0\r\n\r\n') : body.length >= Number(length);
  return whole ? { status: text.slice(9, 12), body } : null;
}

function toBytes({ method, path, host, headers, body }: Prepared): Buffer {
  const lines = [
    `${method ?? 'POST'} ${path} HTTP/1.1`,
    `Host: ${host}`,
    ...Object.entries(headers).map(([k, v]) => `${k}: ${v}`),
  ];
  if (method === undefined) lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
