import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { eventually } from './eventually.ts';

/** A mail that was received: its envelope, headers and text. */
export interface Received {
  readonly to: readonly string[];
  /** Unfolded, by name in lower case. */
  readonly header: Readonly<Record<string, string>>;
  readonly text: string;
}

/** An SMTP server that delivers nothing. */
export interface MailServer {
  readonly url: string;
  readonly port: number;
  readonly mails: readonly Received[];
  /** Refuses the next so many mails, as a busy server does. */
  refuse(count: number): void;
  /** Waits until there are so many mails; resolves with the last one. */
  arrived(count: number): Promise<Received>;
  /** Waits until there is a mail that matches; resolves with the newest one. */
  one(isLikeThis: (mail: Received) => boolean): Promise<Received>;
  close(): Promise<void>;
}

export async function startMailServer(): Promise<MailServer> {
  const mails: Received[] = [];
  let refused = 0;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
      stream.on('end', () => {
        if (refused > 0) {
          refused -= 1;
          callback(Object.assign(new Error('try again later'), { responseCode: 451 }));
          return;
        }
        mails.push(
          read(
            Buffer.concat(chunks).toString(),
            session.envelope.rcptTo.map(({ address }) => address),
          ),
        );
        callback();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://127.0.0.1:${port}`,
    port,
    mails,
    refuse: (count) => void (refused = count),
    arrived: async (count) => {
      await eventually(() => mails.length >= count);
      return mails[count - 1] as Received;
    },
    one: async (isLikeThis) => {
      await eventually(() => mails.some(isLikeThis));
      return mails.findLast(isLikeThis) as Received;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function read(raw: string, to: string[]): Received {
  const [head = '', ...body] = raw.split('\r\n\r\n');
  const lines = head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n');
  const header = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const text = body.join('\r\n\r\n');
  return { to, header, text: header['content-transfer-encoding'] === 'quoted-printable' ? decoded(text) : text };
}

/** RFC 2045 §6.7. */
const decoded = (text: string): string =>
  Buffer.from(
    text
      .replaceAll('=\r\n', '')
      .replaceAll(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString();
