import { randomId } from '@chatelaine/crypto';
import { LIFETIME, LIMIT, scopeKey, type ScopeSet } from '@chatelaine/protocol';
import { defineQuery, inTransaction, runOne } from '@chatelaine/postgres';
import type { Pool } from 'pg';

interface AskInput {
  readonly snapshot: { readonly ownerId: string; readonly connectionId: string };
  readonly target: { readonly hostId: string; readonly linkId: string };
  readonly scopes: ScopeSet;
  readonly purpose: string | null;
}

// one at a time per connection: of many counting side by side each would find room
const LOCK = defineQuery({
  name: 'inbox_lock_connection',
  text: 'select 1 from connection where id = $1 and ended_at is null for no key update',
});
const OPEN = defineQuery<{ id: string }>({
  name: 'inbox_open_ask',
  text: `insert into ask (id, owner_id, connection_id, host_id, link_id, scopes, scope_key, purpose, expires_at)
    select $1, $2, $3, $4, $5, $6::text[], $7, $8, now() + $9::float8 * interval '1 second'
    where (select count(*) from ask where connection_id = $3 and state = 'open' and expires_at > now() and not (host_id = $4 and scope_key = $7)) < $10
    on conflict (connection_id, host_id, scope_key) where state = 'open'
      do update set expires_at = excluded.expires_at, link_id = excluded.link_id, purpose = excluded.purpose
    returning id`,
});

export type OpenedAsk =
  | { readonly kind: 'open'; readonly id: string }
  | { readonly kind: 'too_many' }
  /** The owner stopped the connection meanwhile. */
  | { readonly kind: 'ended' };

/** Puts a question into the owner's inbox; asking again finds the same question. At most 20 are open per connection. PROTOCOL §3.7. */
export async function openAsk(pool: Pool, input: AskInput): Promise<OpenedAsk> {
  const { snapshot, target, scopes, purpose } = input;
  const values = [
    randomId('ask'),
    snapshot.ownerId,
    snapshot.connectionId,
    target.hostId,
    target.linkId,
    scopes,
    scopeKey(scopes),
    purpose,
    LIFETIME.ask,
    LIMIT.openAsksPerConnection,
  ];
  return inTransaction(pool, async (tx) => {
    if ((await runOne(tx, LOCK, [snapshot.connectionId])) === null) return { kind: 'ended' };
    const row = await runOne(tx, OPEN, values);
    return row === null ? { kind: 'too_many' } : { kind: 'open', id: row.id };
  });
}

/** Where the owner answers; on the AM's own origin. */
export function askUrl(issuer: string, askId: string): string {
  return `${issuer}/asks/${askId}`;
}
