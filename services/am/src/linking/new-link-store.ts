import { randomId } from '@chatelaine/crypto';
import { defineQuery, inTransaction, run, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { appendToTimeline } from '../links/owner-store.ts';
import { freeLabel } from './labels.ts';
import { takeOver } from './repair-store.ts';

export const newLinkId = (): string => randomId('link');

export interface NewLink {
  readonly id: string;
  readonly ownerId: string;
  readonly hostId: string;
  readonly hostName: string;
  /** The attempt that the link results from; it is resolved with it. */
  readonly stateHash: Buffer;
  readonly ceiling: readonly string[];
  /** Encrypted. */
  readonly accessToken: Buffer;
  readonly expiresIn: number;
  /** Encrypted. */
  readonly refreshToken: Buffer;
}

/**
 * Another process has resolved the attempt in the meantime, by sending the code again, which ended what it had yielded;
 * or the owner has stopped everything.
 */
export class AlreadySettled extends Error {
  override name = 'AlreadySettled';
}

const SETTLE_ATTEMPT = defineQuery<{ settled: boolean }>({
  name: 'linking_settle_attempt',
  text: `
    update link_attempt set answer = null, resume_at = null
    where state_hash = $1 and answer is not null and given_up_at is null
    returning true as settled`,
});
const MOVE_VERSION = defineQuery({
  name: 'linking_move_policy_version',
  text: `
    insert into owner (id, policy_version) values ($1, 1)
    on conflict (id) do update set policy_version = owner.policy_version + 1`,
});
const LABELS = defineQuery<{ label: string }>({
  name: 'linking_labels_of_owner',
  text: `select label from link where owner_id = $1 and state <> 'ended'`,
});
const INSERT = defineQuery({
  name: 'linking_insert_link',
  text: `
    insert into link (id, owner_id, host_id, label, transfer_scope, access_token, access_expires_at, refresh_token)
    values ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7), $8)`,
});

/**
 * Stores a new link; it replaces another only if that was asked for ({@link takeOver}). It also resolves the attempt,
 * increases the owner's policy version and adds to the timeline. PROTOCOL §2.2.
 *
 * @throws AlreadySettled if the attempt was resolved before
 */
export async function insertLink({ pool }: Pick<Deps, 'pool'>, link: NewLink): Promise<void> {
  const { id, ownerId, hostId, hostName, stateHash, ceiling, accessToken, expiresIn, refreshToken } = link;
  await inTransaction(pool, async (tx) => {
    if ((await runOne(tx, SETTLE_ATTEMPT, [stateHash])) === null) throw new AlreadySettled();
    // first, so that two links made at once get two names
    await run(tx, MOVE_VERSION, [ownerId]);
    const others = await run(tx, LABELS, [ownerId]);
    const label = freeLabel(hostName, new Set(others.map((other) => other.label)));
    await run(tx, INSERT, [id, ownerId, hostId, label, ceiling, accessToken, expiresIn, refreshToken]);
    if (await takeOver(tx, { ownerId, hostId, stateHash, linkId: id, ceiling })) return;
    await appendToTimeline(tx, ownerId, 'link_made', { link: id, host: hostId, label });
  });
}
