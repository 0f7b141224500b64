import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { ServiceProcess } from './service-process.ts';
import type { Exchange, Tap } from './recording.ts';

/**
 * What stands on the port that an issuer names: it hands requests to the service's processes in turn and changes
 * nothing about them.
 */
export interface Front {
  readonly port: number;
  /** From now on every request goes to this one of the processes; `null`: in turn again. */
  direct(to: number | null): void;
  /** Shows the tap what passes from now on, answers included. Returns what ends that. */
  record(tap: Tap): { stop(): void };
  close(): Promise<void>;
}

export interface FrontOptions {
  /** As it appears in recordings: `am`, `photos` … */
  name: string;
  /** 0: any free one. */
  port: number;
  processes: readonly Pick<ServiceProcess, 'name' | 'port' | 'running'>[];
  /** For so long a request waits for a process to listen again: a reload in `watch` mode. */
  patienceMs?: number;
}

// longer than the services say in the `Keep-Alive` header that passes here: nobody finds a connection closed that they
// were told is open
const KEEP_ALIVE_MS = 30_000;
const MAX_HEADER_BYTES = 65_536; // more than any service takes: to refuse is the service's part
const PATIENCE_PAUSE_MS = 50;

/** Opens a front on 127.0.0.1. Processes that have ended are passed over, as a balancer would. */
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
  // a balancer that lost its process in the middle of an answer cannot make up the rest
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
 * Finds a process that takes the connection. Nothing is sent twice: only a refused connection leads to the next one.
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
    // flat name-value pairs: neither case nor order nor repetition is lost
    headers: request.rawHeaders,
    // visitors keep their address: 127.0.0.2 stays 127.0.0.2
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
  // the visitor went away
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
