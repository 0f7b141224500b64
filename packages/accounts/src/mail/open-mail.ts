import type { Pool } from '@chatelaine/postgres';
import type { FastifyInstance } from 'fastify';
import type { AccountDeps } from '../deps.ts';
import { addressOf } from './address-store.ts';
import { changeLetter, type Sender } from './letters.ts';
import { createSmtpMailer, type SmtpSettings } from './mailer.ts';
import { openMailQueue } from './mail-queue.ts';

/** Opens what the routes of accounts need for mail. Without settings no mail is sent. */
export function openMail(
  app: FastifyInstance,
  { pool, mail }: { pool: Pool; mail?: SmtpSettings | null },
): Pick<AccountDeps, 'mailQueue' | 'sender' | 'notify' | 'notifyAddress'> {
  const mailQueue = openMailQueue(app, mail ? createSmtpMailer(mail) : null);
  const { name } = app.getDecorator<{ name: string }>('site');
  const sender: Sender = { name, issuer: app.getDecorator<string>('issuer') };
  return {
    mailQueue,
    sender,
    notify: (accountId, change) =>
      mailQueue.add(change, async () => {
        const to = await addressOf(pool, accountId);
        return to === null ? [] : [changeLetter(sender, { to, change })];
      }),
    notifyAddress: (to, change) => mailQueue.add(change, async () => [changeLetter(sender, { to, change })]),
  };
}
