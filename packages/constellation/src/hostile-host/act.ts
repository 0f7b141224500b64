import type http from 'node:http';
import { gzipSync } from 'node:zlib';

/** A request of an endpoint. */
export interface Call {
  readonly path: string;
  readonly form: URLSearchParams;
}

/** A way to answer. `good`: what an honest Host would have answered; null if it would have refused. */
export type Act = (scene: { call: Call; good: Record<string, unknown> | null; response: http.ServerResponse }) => void;

/** Is in everything that a hostile Host makes up, so that a test can look for it where it must not get to. */
export const POISON = 'poison-5f1c';

const JSON_TYPE = { 'content-type': 'application/json' };

/** Answers with this JSON; `body` may be text or bytes instead. */
export function saying(
  json: unknown,
  { status = 200, headers = {} }: { status?: number; headers?: Readonly<Record<string, string>> } = {},
): Act {
  return ({ response }) => {
    response.writeHead(status, { ...JSON_TYPE, ...headers });
    response.end(JSON.stringify(json));
  };
}

/** Answers with these bytes, as JSON unless `headers` say otherwise. */
export function sending(
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = JSON_TYPE,
  status = 200,
): Act {
  return ({ response }) => {
    response.writeHead(status, headers);
    response.end(body);
  };
}

/** The good answer with changes; members that are changed to undefined are left out. */
export function changing(change: (good: Record<string, unknown>, call: Call) => Record<string, unknown>): Act {
  return ({ good, call, response }) => {
    response.writeHead(200, JSON_TYPE);
    response.end(JSON.stringify({ ...good, ...change(good ?? {}, call) }));
  };
}

/** Answers like an honest Host. */
export const honestly: Act = ({ good, response }) => {
  response.writeHead(good === null ? 400 : 200, JSON_TYPE);
  response.end(JSON.stringify(good ?? { error: 'invalid_request' }));
};

/** Accepts the request and never answers. */
export const silently: Act = () => undefined;

/** Sends a good answer one byte at a time, slowly. */
export const dripping: Act = ({ good, response }) => {
  response.writeHead(200, JSON_TYPE);
  const text = Buffer.from(JSON.stringify(good));
  let sent = 0;
  const drip = setInterval(() => {
    response.write(text.subarray(sent, sent + 1));
    sent = Math.min(sent + 1, text.length - 1);
  }, DRIP_MS);
  response.on('close', () => clearInterval(drip));
};
const DRIP_MS = 200;

/** Sends the head of an answer, and nothing more. */
export const hangingAfterHeaders: Act = ({ response }) => {
  response.writeHead(200, JSON_TYPE);
  response.flushHeaders();
};

/** Sends half of a good answer, and breaks off the connection. */
export const breakingOff: Act = ({ good, response }) => {
  const text = JSON.stringify(good);
  response.writeHead(200, { ...JSON_TYPE, 'content-length': String(text.length) });
  response.write(text.slice(0, text.length / 2), () => response.socket?.destroy());
};

/** Sends headers without end. */
export const withEndlessHeaders: Act = ({ response }) => {
  const { socket } = response;
  if (socket === null) return;
  socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n');
  let count = 0;
  const more = setInterval(() => socket.write(`x-${count++}: ${POISON}${'x'.repeat(1_000)}\r\n`), 5);
  socket.on('close', () => clearInterval(more));
  socket.on('error', () => undefined);
};

/** Sends ten megabytes of zeros, compressed to ten kilobytes. */
export const gzipBomb = (): Act =>
  sending(gzipSync(Buffer.alloc(10_000_000, 0x20)), { ...JSON_TYPE, 'content-encoding': 'gzip' });
