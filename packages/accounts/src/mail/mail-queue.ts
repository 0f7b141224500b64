import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import pLimit from 'p-limit';
import type { Mail, Mailer } from './mailer.ts';

/** Sends mail in the background, so that the time of an answer does not tell whether any was sent. */
export interface MailQueue {
  /** Whether mail is sent at all. */
  readonly open: boolean;
  /** Makes mails and sends them later. A failure is logged, without address and text. */
  add(what: string, make: MakeMails): void;
  /** Resolves when all mails have been sent or have failed. */
  idle(): Promise<void>;
}

type MakeMails = () => Promise<readonly Mail[]>;

const AT_ONCE = 4;
const WAITING = 500;
const TRIES = 2;

/** @param mailer null: no mail is sent from here */
export function openMailQueue(app: FastifyInstance, mailer: Mailer | null): MailQueue {
  const limit = pLimit(AT_ONCE);
  const underWay = new Set<Promise<void>>();
  const queue: MailQueue = {
    open: mailer !== null,
    add(what, make) {
      if (mailer === null) return;
      if (limit.pendingCount >= WAITING) {
        app.log.warn({ what }, 'too much mail waits: one was not sent');
        return;
      }
      const sending = limit(() => send(mailer, app.log, { what, make })).finally(() => underWay.delete(sending));
      underWay.add(sending);
    },
    idle: async () => void (await Promise.all(underWay)),
  };
  app.addHook('onClose', async () => {
    await queue.idle();
    mailer?.close();
  });
  return queue;
}

async function send(
  mailer: Mailer,
  log: FastifyBaseLogger,
  { what, make }: { what: string; make: MakeMails },
): Promise<void> {
  try {
    for (const mail of await make()) {
      const failure = await sendWithRetry(mailer, mail);
      if (failure === null) log.info({ what }, 'mail sent');
      else log.warn({ what, failure }, 'a mail could not be sent');
    }
  } catch (error) {
    log.error({ err: error, what }, 'a mail could not be made');
  }
}

async function sendWithRetry(mailer: Mailer, mail: Mail): Promise<string | null> {
  let failure: string | null = null;
  for (let tries = 0; tries < TRIES; tries++) {
    failure = await mailer.send(mail).then(() => null, codeOf);
    if (failure === null) return null;
  }
  return failure;
}

/** The code of an error. Messages of mail servers may contain the address. */
export const codeOf = (error: unknown): string => {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : 'unknown';
};
