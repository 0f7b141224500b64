import http from 'node:http';
import { onwardOf, wordsOf } from './html.ts';

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /** The text that a person reads, if it is a page. */
  readonly words: string;
  /** Where a browser continues by itself: the `Location` of a redirect, or where the page moves on to. */
  readonly onward: string | undefined;
  readonly bytes: Buffer;
  /** The body as a JSON object; empty if it is none. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** For a list, the header is sent once for each value. */
export type SentHeaders = Readonly<Record<string, string | number | readonly string[] | undefined>>;

export interface Sent {
  readonly method?: string;
  readonly path: string;
  readonly headers?: SentHeaders;
  readonly body?: string | Buffer;
  /** By default, each request has its own connection. */
  readonly agent?: http.Agent;
  /** When it fires, the connection is closed. */
  readonly signal?: AbortSignal | undefined;
}

// as large as our servers accept a request's head
const MAX_HEADER_BYTES = 131_072;

/** Sends one request to this machine, exactly as given; redirects are not followed. */
export function send(port: number, sent: Sent): Promise<Answer> {
  const { method = 'GET', path, body, agent = false, signal } = sent;
  // Node adds no framing to the body of a GET or DELETE
  const framing = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  const headers = toOutgoing({ ...framing, ...sent.headers });
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path, headers, agent, signal, maxHeaderSize: MAX_HEADER_BYTES };
    const request = http.request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        resolve(answerOf(response, bytes));
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

function answerOf({ statusCode = 0, headers }: http.IncomingMessage, bytes: Buffer): Answer {
  const text = bytes.toString();
  const read = { status: statusCode, headers, text, bytes, json: asObject(text) };
  return Object.defineProperties(read, {
    words: { get: () => wordsOf(text) },
    onward: { get: () => headers.location ?? onwardOf(text) },
  }) as typeof read & Pick<Answer, 'words' | 'onward'>;
}

/** A form; undefined fields are left out. */
export type Form = Readonly<Record<string, string | undefined>>;

export const FORM = 'application/x-www-form-urlencoded';

export function encodeForm(form: Form): string {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(form)) if (value !== undefined) out.append(name, value);
  return out.toString();
}

export function postForm(port: number, path: string, form: Form, headers: SentHeaders = {}): Promise<Answer> {
  return send(port, { method: 'POST', path, headers: { 'content-type': FORM, ...headers }, body: encodeForm(form) });
}

/** @param body a string is sent as it is */
export function postJson(port: number, path: string, body: unknown, headers: SentHeaders = {}): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return send(port, { method: 'POST', path, headers: { 'content-type': 'application/json', ...headers }, body: text });
}

function toOutgoing(headers: SentHeaders): http.OutgoingHttpHeaders | string[] {
  const given = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
  // Node repeats `Host` only if it gets all header lines as a flat list
  if (typeof headers['host'] === 'object')
    return given.flatMap(({ name, value }) => [value].flat().flatMap((each) => [name, String(each)]));
  return Object.fromEntries(given.map(({ name, value }) => [name, typeof value === 'object' ? [...value] : value]));
}

function asObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
