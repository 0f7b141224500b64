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
    await Promise.all(due.map((notice) => settle(deps, notice)));
  }
}

async function settle(deps: SendDeps, notice: DueNotice): Promise<void> {
  const told = (await stillHolds(deps, notice)) ? await tell(deps, notice) : 'nobody';
  if (told === 'failed') await postponeNotice(deps, notice);
  else await settleNotice(deps, { ...notice, outcome: told === 'told' ? 'told' : 'nothing' });
  const { kind, way } = notice;
  if (told !== 'nobody') deps.log.info({ event: 'notice', kind, way, told }, 'a notice was due');
}

/** `nobody`: the owner has no address, or no browser, for this channel. */
async function tell(deps: SendDeps, { ownerId, kind, way }: DueNotice): Promise<'told' | 'nobody' | 'failed'> {
  switch (way) {
    case 'mail':
      return deps.mail.send(ownerId, noticeLetter(deps.config, kind));
    case 'push':
      return push(deps, { ownerId, kind });
  }
}
