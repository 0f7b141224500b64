import { randomId } from '@chatelaine/crypto';
import { LIFETIME, LIMIT, scopeKey, type ScopeSet } from '@chatelaine/protocol';
import { defineQuery, inTransaction, run, runOne } from '@chatelaine/postgres';
import type { Pool } from 'pg';
import { noteNotice } from '../notices/due-store.ts';

interface AskInput {
  readonly snapshot: { readonly ownerId: string; readonly connectionId: string; readonly clientId: string };
  readonly target: { readonly hostId: string; readonly linkId: string };
  readonly scopes: ScopeSet;
  readonly purpose: string | null;
}

// one at a time for each app of an owner: transactions that count side by side would each find room
const LOCK_APP = defineQuery({
  name: 'inbox_lock_app',
  text: `select pg_advisory_xact_lock(hashtextextended('ask ' || $1 || ' ' || $2, 0))`,
});
const LOCK = defineQuery({
  name: 'inbox_lock_connection',
  text: 'select 1 from connection where id = $1 and ended_at is null for no key update',
});

const ANSWERED_WITH_FEWER = defineQuery<{ allowed: string[] }>({
  name: 'inbox_answered_with_fewer',
  text: `
    select allowed from ask
    where owner_id = $1 and host_id = $4 and scope_key = $5 and connection_id = $2 and link_id = $3
      and state = 'closed' and allowed is not null and decided_at > now() - make_interval(secs => $6)
    order by decided_at desc limit 1`,
});

const OPEN = defineQuery<{ id: string; is_new: boolean }>({
  name: 'inbox_open_ask',
  text: `
    with asked as (
      select a.created_at, a.connection_id, a.state = 'open' and a.expires_at > now() as waits,
        a.state = 'open' and a.connection_id = $3 and a.host_id = $4 and a.scope_key = $7 as is_it
      from ask a join connection c on c.id = a.connection_id and c.client_id = $10
      where a.owner_id = $2 and a.part_of is null and (a.state = 'open' or a.created_at > now() - interval '1 hour')
    ), room as (
      select count(*) filter (where waits and connection_id = $3 and not is_it) < $11
        and count(*) filter (where waits and not is_it) < $12
        and (count(*) filter (where created_at > now() - interval '1 hour') < $13 or coalesce(bool_or(is_it), false))
          as there_is from asked
    )
    insert into ask (id, owner_id, connection_id, host_id, link_id, scopes, scope_key, purpose, expires_at)
    select $1, $2, $3, $4, $5, $6::text[], $7, $8, now() + $9::float8 * interval '1 second' from room where there_is
    on conflict (connection_id, host_id, scope_key) where state = 'open'
      do update set expires_at = excluded.expires_at, link_id = excluded.link_id, purpose = excluded.purpose
    returning id, id = $1 as is_new`,
});

export type OpenedAsk =
  /** `isNew`: it was not open before. */
  | { readonly kind: 'open'; readonly id: string; readonly isNew: boolean }
  /** The owner was asked for all scopes a moment ago, and allowed only these. */
  | { readonly kind: 'fewer'; readonly allowed: ScopeSet }
  | { readonly kind: 'too_many' }
  /** The owner has stopped the connection in the meantime. */
  | { readonly kind: 'ended' };

/**
 * Puts a question into the owner's inbox, and creates a notice for it; asking again finds the same question. The number
 * of open questions is limited for each connection and each app, and so is the number of new ones from one app in an
 * hour. PROTOCOL §3.7.
 */
export async function openAsk(pool: Pool, input: AskInput): Promise<OpenedAsk> {
  const { snapshot, target, scopes, purpose } = input;
  const { ownerId, connectionId, clientId } = snapshot;
  const { hostId, linkId } = target;
  const key = scopeKey(scopes);
  const limits = [LIMIT.openAsksPerConnection, LIMIT.openAsksPerApp, LIMIT.asksPerAppAndHour];
  const row = [randomId('ask'), ownerId, connectionId, hostId, linkId, scopes, key, purpose];
  return inTransaction(pool, async (tx) => {
    await run(tx, LOCK_APP, [ownerId, clientId]);
    if ((await runOne(tx, LOCK, [connectionId])) === null) return { kind: 'ended' };
    const fewer = await runOne(tx, ANSWERED_WITH_FEWER, [
      ownerId,
      connectionId,
      linkId,
      hostId,
      key,
      LIFETIME.approval,
    ]);
    if (fewer !== null) return { kind: 'fewer', allowed: fewer.allowed };
    const opened = await runOne(tx, OPEN, [...row, LIFETIME.ask, clientId, ...limits]);
    if (opened?.is_new === true) await noteNotice(tx, { ownerId, kind: 'question' });
    return opened === null ? { kind: 'too_many' } : { kind: 'open', id: opened.id, isNew: opened.is_new };
  });
}

/** The page on which the owner answers, at the AM's own origin. */
export function askUrl(issuer: string, askId: string): string {
  return `${issuer}/asks/${askId}`;
}
