import type { Erasure } from '@chatelaine/accounts';
import { defineQuery, run, runForRow } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { underOwner } from '../links/owner-store.ts';

/** How many rows one statement deletes: others do not wait long for its locks. */
const AT_ONCE = 5_000;

interface Counted {
  n: number;
}
const deleting = (name: string, from: string, which: string) =>
  defineQuery<Counted>({
    name: `account_erase_${name}`,
    text: `with gone as (delete from ${from} where ${which} returning 1) select count(*)::int as n from gone`,
  });

// what can be large, in parts
const HISTORY = [
  deleting(
    'timeline',
    'timeline_entry',
    `owner_id = $1 and id in (select id from timeline_entry where owner_id = $1 limit ${AT_ONCE})`,
  ),
  deleting(
    'transfers',
    'transfer',
    `owner_id = $1 and (bucket, id) in (select bucket, id from transfer where owner_id = $1 and state <> 'intent'
      limit ${AT_ONCE})`,
  ),
  // a revocation is kept until its Host has confirmed, or the AM has given up
  deleting(
    'revocations',
    'revocation',
    `owner_id = $1 and id in (select id from revocation where owner_id = $1 and state <> 'pending' limit ${AT_ONCE})`,
  ),
];
// everything has ended; a connection's rules, Hosts and open questions are deleted with it
const SETTLED = [
  deleting('checkpoints', 'checkpoint', 'owner_id = $1'),
  deleting('kept_since', 'kept_since', 'owner_id = $1'),
  deleting('questions', 'ask', 'owner_id = $1'),
  deleting('push_subscriptions', 'push_subscription', 'owner_id = $1'),
  deleting('notices', 'notice', 'owner_id = $1'),
  deleting('notice_choices', 'notice_choice', 'owner_id = $1'),
  deleting('app_names', 'app_name', 'owner_id = $1'),
  deleting('rules', 'rule', 'owner_id = $1'),
  deleting('limits', 'rule_limit', 'owner_id = $1'),
  deleting('connections', 'connection', 'owner_id = $1 and ended_at is not null'),
  // an authorization code whose answer was lost is redeemed and revoked first
  deleting('attempts', 'link_attempt', 'owner_id = $1 and resume_at is null'),
  deleting(
    'links',
    'link',
    `owner_id = $1 and state = 'ended' and not exists (select from revocation_due d where d.link_id = link.id)`,
  ),
];
/**
 * The owner's row is deleted last: what is written for them in the meantime, such as a Host's confirmation, must be
 * deleted before it.
 */
const KEPT_OF_OWNER = ['link', 'link_attempt', 'connection', 'transfer', 'revocation', 'timeline_entry', 'checkpoint'];
const OWNER = deleting(
  'owner',
  'owner',
  ['id = $1', ...KEPT_OF_OWNER.map((table) => `not exists (select from ${table} where owner_id = $1)`)].join(' and '),
);
const LEFT = defineQuery<{ exists: boolean; waits_for: string[] }>({
  name: 'account_erase_left',
  text: `select exists (select from owner where id = $1),
    array(select distinct h.name from revocation_due d join host h on h.id = d.host_id
      where d.owner_id = $1 order by h.name) as waits_for`,
});

const MORE_TO_END = defineQuery<{ any: boolean }>({
  name: 'account_more_to_end',
  text: `select exists (select from account where id = $1) or exists (select from connection
    where owner_id = $1 and ended_at is null)
    or exists (select from link where owner_id = $1 and state <> 'ended')
    or exists (select from link_attempt where owner_id = $1 and resume_at is not null and given_up_at is null) as any`,
});

/**
 * Whether an owner whose account is being deleted may still have something that has not ended. True as long as the
 * account exists, because they may have begun something that is not visible yet.
 */
export const mayHaveMoreToEnd = async ({ pool }: Pick<Deps, 'pool'>, ownerId: string): Promise<boolean> =>
  (await runForRow(pool, MORE_TO_END, [ownerId])).any;

/**
 * Deletes what the AM stores of an owner once everything of theirs has ended, except for what is needed to revoke at
 * Hosts that have not confirmed yet.
 */
export async function eraseOwner({ pool }: Pick<Deps, 'pool'>, ownerId: string): Promise<Erasure> {
  let more = false;
  for (const query of HISTORY) more = (await runForRow(pool, query, [ownerId])).n === AT_ONCE || more;
  if (!more)
    await underOwner(pool, ownerId, async (tx) => {
      for (const query of SETTLED) await run(tx, query, [ownerId]);
      await run(tx, OWNER, [ownerId]);
    });
  const { exists, waits_for: waitsFor } = await runForRow(pool, LEFT, [ownerId]);
  return exists ? { kind: 'waiting', for: waitsFor } : { kind: 'done' };
}
