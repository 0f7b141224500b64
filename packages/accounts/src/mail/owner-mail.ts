import type { Pool } from '@chatelaine/postgres';
import type { FastifyInstance } from 'fastify';
import { addressOf } from './address-store.ts';
import { createSmtpMailer, type Mail, type SmtpSettings } from './mailer.ts';
import { codeOf } from './mail-queue.ts';

/** Sends mail of the service to the owners of its accounts. */
export interface OwnerMail {
  /** Whether mail is sent at all. */
  readonly open: boolean;
  /** `no_recipient`: the account has no confirmed address. `failed`: the mail server did not accept it, as logged. */
  send(accountId: string, letter: Pick<Mail, 'subject' | 'text'>): Promise<'sent' | 'no_recipient' | 'failed'>;
  /** The confirmed address, or null. */
  addressOf(accountId: string): Promise<string | null>;
}

/** Closed together with the app. Without settings no mail is sent. */
export function openOwnerMail(
  app: FastifyInstance,
  { pool, mail }: { pool: Pool; mail: SmtpSettings | null },
): OwnerMail {
  const mailer = mail === null ? null : createSmtpMailer(mail);
  app.addHook('onClose', async () => mailer?.close());
  return {
    open: mailer !== null,
    async send(accountId, letter) {
      const to = mailer === null ? null : await addressOf(pool, accountId);
      if (mailer === null || to === null) return 'no_recipient';
      try {
        await mailer.send({ ...letter, to });
        return 'sent';
      } catch (error) {
        app.log.warn({ failure: codeOf(error) }, 'a mail could not be sent');
        return 'failed';
      }
    },
    addressOf: (accountId) => addressOf(pool, accountId),
  };
}
