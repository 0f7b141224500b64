import { createDecipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A message as a push service receives it. */
export interface Pushed {
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A push service that records messages and delivers none (RFC 8030). */
export interface PushService {
  readonly origin: string;
  readonly pushed: readonly Pushed[];
  /** Sets the answer to every message from now on. */
  answer(status: number, headers?: Readonly<Record<string, string>>): void;
  close(): Promise<void>;
}

export async function startPushService(): Promise<PushService> {
  const pushed: Pushed[] = [];
  let next: { status: number; headers: Readonly<Record<string, string>> } = { status: 201, headers: {} };
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      pushed.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) });
      response.writeHead(next.status, next.headers).end();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://push.localhost:${port}`,
    pushed,
    answer: (status, headers = {}) => void (next = { status, headers }),
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** A browser's side of a push subscription. */
export interface PushBrowser {
  /** The subscription as the form on the page sends it. */
  readonly form: { readonly endpoint: string; readonly p256dh: string; readonly auth: string };
  /** Decrypts a message: RFC 8291 §3.4, RFC 8188 §2. */
  open(body: Buffer): unknown;
}

export function subscribeAt(endpoint: string): PushBrowser {
  const own = createECDH('prime256v1');
  const publicKey = own.generateKeys();
  const auth = randomBytes(16);
  const derived = (key: Buffer, salt: Buffer, info: Buffer | string, length: number): Buffer =>
    Buffer.from(hkdfSync('sha256', key, salt, info, length));
  return {
    form: { endpoint, p256dh: publicKey.toString('base64url'), auth: auth.toString('base64url') },
    open(body) {
      const salt = body.subarray(0, 16);
      const idLength = body.readUInt8(20);
      const theirs = body.subarray(21, 21 + idLength);
      const encrypted = body.subarray(21 + idLength);
      const info = Buffer.concat([Buffer.from('WebPush: info\0'), publicKey, theirs]);
      const key = derived(own.computeSecret(theirs), auth, info, 32);
      const nonce = derived(key, salt, 'Content-Encoding: nonce\0', 12);
      const decipher = createDecipheriv('aes-128-gcm', derived(key, salt, 'Content-Encoding: aes128gcm\0', 16), nonce);
      decipher.setAuthTag(encrypted.subarray(-16));
      const opened = Buffer.concat([decipher.update(encrypted.subarray(0, -16)), decipher.final()]);
      return JSON.parse(opened.subarray(0, opened.lastIndexOf(2)).toString());
    },
  };
}
