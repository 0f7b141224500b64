import type { OwnerMail } from '@chatelaine/accounts';
import { claimNotices, type DueNotice, postponeNotice, settleNotice, stillHolds } from './due-store.ts';
import { noticeLetter } from './letters.ts';
import { push, type PushDeps } from './push/push.ts';

export type SendDeps = PushDeps & { readonly mail: OwnerMail };

/**
 * Sends the notices that are due. One that cannot be sent is tried again; one whose reason no longer holds is not sent.
 */
export async function sendDue(deps: SendDeps): Promise<void> {
  for (let due = await claimNotices(deps); due.length > 0; due = await claimNotices(deps)) {
    await Promise.all(due.map((notice) => sendAndSettle(deps, notice)));
  }
}

async function sendAndSettle(deps: SendDeps, notice: DueNotice): Promise<void> {
  const outcome = (await stillHolds(deps, notice)) ? await deliver(deps, notice) : 'no_recipient';
  if (outcome === 'failed') await postponeNotice(deps, notice);
  else await settleNotice(deps, { ...notice, outcome: outcome === 'sent' ? 'sent' : 'dropped' });
  const { kind, way } = notice;
  if (outcome !== 'no_recipient') deps.log.info({ event: 'notice', kind, way, outcome }, 'a notice was due');
}

/** `no_recipient`: the owner has no address, or no browser, for this channel. */
async function deliver(deps: SendDeps, { ownerId, kind, way }: DueNotice): Promise<'sent' | 'no_recipient' | 'failed'> {
  switch (way) {
    case 'mail':
      return deps.mail.send(ownerId, noticeLetter(deps.config, kind));
    case 'push':
      return push(deps, { ownerId, kind });
  }
}
