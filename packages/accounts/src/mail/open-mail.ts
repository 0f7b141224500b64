import type { Pool } from '@chatelaine/postgres';
import type { FastifyInstance } from 'fastify';
import type { AccountDeps } from '../deps.ts';
import { addressOf } from './address-store.ts';
import { deedLetter, type Sender } from './letters.ts';
import { createSmtpMailer, type SmtpSettings } from './mailer.ts';
import { openPostOffice } from './post-office.ts';

/** Opens what the routes of accounts need for mail. Without settings no mail is sent. */
export function openMail(
  app: FastifyInstance,
  { pool, mail }: { pool: Pool; mail?: SmtpSettings | null },
): Pick<AccountDeps, 'postOffice' | 'sender' | 'tell' | 'tellAt'> {
  const postOffice = openPostOffice(app, mail ? createSmtpMailer(mail) : null);
  const { name } = app.getDecorator<{ name: string }>('site');
  const sender: Sender = { name, issuer: app.getDecorator<string>('issuer') };
  return {
    postOffice,
    sender,
    tell: (accountId, deed) =>
      postOffice.post(deed, async () => {
        const to = await addressOf(pool, accountId);
        return to === null ? [] : [deedLetter(sender, { to, deed })];
      }),
    tellAt: (to, deed) => postOffice.post(deed, async () => [deedLetter(sender, { to, deed })]),
  };
}
