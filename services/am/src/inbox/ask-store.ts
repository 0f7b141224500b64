import { randomId } from '@chatelaine/crypto';
import { run, type Statement } from '@chatelaine/oauth-server-pg';
import { LIFETIME, LIMIT, scopeKey, type ScopeSet, tooManyRequests } from '@chatelaine/protocol';
import type { Pool } from 'pg';

interface AskInput {
  readonly snapshot: { readonly ownerId: string; readonly connectionId: string };
  readonly target: { readonly hostId: string; readonly linkId: string };
  readonly scopes: ScopeSet;
  readonly purpose: string | null;
}

const OPEN: Statement = {
  name: 'inbox_open_ask',
  text: `insert into ask (id, owner_id, connection_id, host_id, link_id, scopes, scope_key, purpose, expires_at)
    select $1, $2, $3, $4, $5, $6::text[], $7, $8, now() + $9::float8 * interval '1 second'
    where (select count(*) from ask where connection_id = $3 and state = 'open' and expires_at > now() and not (host_id = $4 and scope_key = $7)) < $10
    on conflict (connection_id, host_id, scope_key) where state = 'open'
      do update set expires_at = excluded.expires_at, link_id = excluded.link_id, purpose = excluded.purpose
    returning id`,
};

/**
 * Puts a question into the owner's inbox; asking again finds the same question. At most 20 are open per connection, then 429. Returns its id.
 * PROTOCOL §3.7.
 */
export async function openAsk(pool: Pool, input: AskInput): Promise<string> {
  const { snapshot, target, scopes, purpose } = input;
  const [row] = await run<{ id: string }>(pool, OPEN, [
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
  ]);
  if (row === undefined) throw tooManyRequests(3600);
  return row.id;
}

/** Where the owner answers; on the AM's own origin. */
export function askUrl(issuer: string, askId: string): string {
  return `${issuer}/asks/${askId}`;
}
