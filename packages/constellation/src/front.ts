import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { ServiceProcess } from './service-process.ts';
import type { Exchange, Tap } from './recording.ts';

/**
 * The proxy on the port of an issuer: it passes requests to the service's processes in turn, and changes nothing about
 * them.
 */
export interface Front {
  readonly port: number;
  /** Sends every request from now on to this process; `null`: in turn again. */
  direct(to: number | null): void;
  /** Passes all requests and answers from now on to the tap, until `stop` is called. */
  record(tap: Tap): { stop(): void };
  close(): Promise<void>;
}

export interface FrontOptions {
  /** Its name in recordings: `am`, `photos` … */
  name: string;
  /** 0: any free port. */
  port: number;
  processes: readonly Pick<ServiceProcess, 'name' | 'port' | 'running'>[];
  /** How long a request waits for a process to listen again, after a reload in `watch` mode. */
  patienceMs?: number;
}

// longer than the services say in their `Keep-Alive` headers, so that no connection is closed earlier than announced
const KEEP_ALIVE_MS = 30_000;
const MAX_HEADER_BYTES = 65_536; // more than any service accepts: refusing is up to the service
const PATIENCE_PAUSE_MS = 50;

/** Opens the proxy on 127.0.0.1. Like a load balancer, it skips processes that have ended. */
export async function openFront(options: FrontOptions): Promise<Front> {
  const taps = new Set<Tap>();
  let turn = 0;
  let only: number | null = null;
  const server = http.createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    requestTimeout: 0,
    headersTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  const order = (): Backend[] => {
    const { processes } = options;
    if (only !== null) return processes.slice(only, only + 1);
    const first = turn++;
    const inTurn = processes.map((_, index) => processes[(first + index) % processes.length] as Backend);
    return inTurn.filter(({ running }) => running);
  };
  server.on('request', (request, response) => {
    const tap = taps.size === 0 ? null : createTap(taps);
    forward({ request, response, tap, service: options.name, patienceMs: options.patienceMs ?? 0, order }).catch(() =>
      response.destroy(),
    );
  });
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    direct(to) {
      only = to;
    },
    record(tap) {
      taps.add(tap);
      return { stop: () => void taps.delete(tap) };
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

type Backend = FrontOptions['processes'][number];

interface Passage {
  request: http.IncomingMessage;
  response: http.ServerResponse;
  tap: Tap | null;
  service: string;
  patienceMs: number;
  order: () => Backend[];
}

function createTap(taps: ReadonlySet<Tap>): Tap {
  return (exchange) => {
    for (const tap of taps) tap(exchange);
  };
}

async function forward(passage: Passage): Promise<void> {
  const { request, response } = passage;
  const answered = await connect(passage);
  if (answered === null) {
    response.writeHead(502, { 'content-type': 'text/plain' }).end(`No process of ${passage.service} answers.\n`);
    return;
  }
  const { answer, received, backend } = answered;
  response.sendDate = false;
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', answer.rawHeaders);
  // like a load balancer: when the process dies in the middle of an answer, the connection is broken off
  answer.on('error', () => response.destroy());
  response.on('close', () => answer.destroy());
  const sent = passage.tap === null ? null : collect(answer);
  answer.pipe(response);
  if (passage.tap === null || sent === null) return;
  const exchange: Omit<Exchange, 'response'> = {
    service: passage.service,
    process: backend.name,
    request: {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: pairs(request.rawHeaders),
      body: await received,
    },
  };
  passage.tap({
    ...exchange,
    response: { status: answer.statusCode ?? 0, headers: pairs(answer.rawHeaders), body: await sent },
  });
}

interface Answered {
  answer: http.IncomingMessage;
  backend: Backend;
  received: Promise<string>;
}

/**
 * Finds a process that accepts the connection. Nothing is sent twice: the next one is tried only if the connection is
 * refused.
 */
async function connect(passage: Passage): Promise<Answered | null> {
  const deadline = Date.now() + passage.patienceMs;
  for (;;) {
    for (const backend of passage.order()) {
      const outcome = await send(passage, backend);
      if (outcome === 'broken') return null;
      if (outcome !== 'refused') return outcome;
    }
    if (Date.now() >= deadline) return null;
    await pause(PATIENCE_PAUSE_MS);
  }
}

async function send({ request, response, tap }: Passage, backend: Backend): Promise<Answered | 'refused' | 'broken'> {
  const { promise, resolve } = Promise.withResolvers<Answered | 'refused' | 'broken'>();
  const { remoteAddress = '' } = request.socket;
  const onward = http.request({
    host: '127.0.0.1',
    port: backend.port,
    method: request.method,
    path: request.url,
    // names and values alternate, so that case, order and repetition are kept
    headers: request.rawHeaders,
    // clients keep their IP addresses: 127.0.0.2 stays 127.0.0.2
    ...(remoteAddress.startsWith('127.') && { localAddress: remoteAddress }),
    agent: false,
    maxHeaderSize: MAX_HEADER_BYTES,
  });
  const bodiless =
    request.headers['content-length'] === undefined && request.headers['transfer-encoding'] === undefined;
  if (bodiless) onward.useChunkedEncodingByDefault = false;
  let received = Promise.resolve('');
  onward.on('socket', (socket) => {
    socket.on('connect', () => {
      if (tap !== null) received = collect(request);
      request.pipe(onward);
    });
  });
  onward.on('response', (answer) => resolve({ answer, backend, received }));
  onward.on('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'broken'));
  // the client has disconnected
  response.on('close', () => {
    if (!response.writableFinished) onward.destroy();
  });
  return promise;
}

async function collect(stream: http.IncomingMessage): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('close', () => resolve(Buffer.concat(chunks).toString()));
  stream.on('end', () => resolve(Buffer.concat(chunks).toString()));
  return promise;
}

function pairs(raw: readonly string[]): [string, string][] {
  return Array.from({ length: raw.length / 2 }, (_, index) => [raw[2 * index] ?? '', raw[2 * index + 1] ?? '']);
}
