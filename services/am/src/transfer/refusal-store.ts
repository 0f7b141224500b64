import { timeId } from '@chatelaine/crypto';
import type { Replayed, ReplayGuard } from '@chatelaine/oauth-server';
import {
  BURN_GUARDS,
  BURNED,
  type BurnedRow,
  findReplayed,
  GRANT_ALIVE,
  guardValues,
} from '@chatelaine/oauth-server-pg';
import { type Query, runForRow } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import type { Snapshot } from './decide.ts';
import type { TransferRequest } from './request.ts';

/** Why the Host was not even called, in the audit row. */
export type RefusedHere =
  /** A rule denies it. */
  | 'rule'
  /** The owner has paused it. */
  | 'paused'
  /** The owner has to say yes first. */
  | 'asked'
  /** They said yes to a part of it. */
  | 'allowed_part'
  | 'too_many_questions'
  | 'terms_open'
  | 'terms_refused'
  /** The owner did not choose it for this Requester. */
  | 'not_chosen'
  /** The Host shares less. */
  | 'beyond_ceiling'
  /** No Host with that resource is shown to it. */
  | 'not_shown'
  | 'host_behind';

const REFUSE: Query<BurnedRow> = {
  name: 'transfer_refuse',
  text: `with ${BURN_GUARDS}, kept as (
    insert into transfer (id, bucket, owner_id, connection_id, link_id, host_id, client_id, resource, scopes, jkt,
      policy_version, state, error, closed_at, request_id, rule_ids)
    select $3, $4, $5, $6, $7, $8, $9, $10, $11::text[], $12, $13::bigint, 'refused', $14, now(), $15, $16::text[]
    from fresh, oauth_grant g where g.bucket = $4 and g.id = $6 and g.subject = $5 and ${GRANT_ALIVE}
  )
  select ${BURNED}`,
};

/**
 * Records for the owner what a Requester asked for and was refused here, in one statement with the replay guards, which
 * are spent before the answer in any case. It takes no lock on the owner's rows. Null: it is recorded, or the
 * connection has ended.
 */
export async function keepRefusal(
  { pool, clock }: Pick<Deps, 'pool' | 'clock'>,
  input: {
    request: TransferRequest;
    snapshot: Snapshot;
    reason: RefusedHere;
    /** The rules that decided it. */
    ruleIds: readonly string[];
    guards: readonly ReplayGuard[];
    requestId: string | null;
  },
): Promise<Replayed | null> {
  const { request, snapshot, reason, ruleIds, guards, requestId } = input;
  const row = await runForRow(pool, REFUSE, [
    ...guardValues(guards),
    timeId('tr', clock.now()),
    snapshot.bucket,
    snapshot.ownerId,
    snapshot.connectionId,
    snapshot.target?.linkId ?? null,
    snapshot.target?.hostId ?? null,
    request.clientId,
    request.resource,
    request.scopes,
    request.binding.kind === 'key' ? request.binding.jkt : null,
    snapshot.policyVersion,
    reason,
    requestId,
    ruleIds,
  ]);
  return findReplayed(guards, row);
}
