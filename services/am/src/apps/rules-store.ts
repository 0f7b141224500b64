import { defineQuery, inTransaction, run } from '@chatelaine/postgres';
import { LIVE_CONNECTIONS } from '../connections/live.ts';
import type { Deps } from '../deps.ts';
import { appendToTimeline, movePolicyVersion } from '../links/owner-store.ts';
import { putRules } from '../rules/put-rules-store.ts';
import type { ChangedRule } from './rules-form.ts';

// the newest first
const CONNECTIONS = defineQuery<{ id: string }>({
  name: 'apps_connections_that_may_ask',
  text: `
    select c.id from ${LIVE_CONNECTIONS}
    where c.client_id = $1 and c.owner_id = $2
      and exists (select from connection_host s where s.connection_id = c.id and s.link_id = $3 and $4 = any(s.scopes))
    order by c.created_at desc`,
});
const CLOSE_ASKS = defineQuery({
  name: 'apps_close_asks',
  text: `
    update ask set state = 'closed'
    where connection_id = any($1) and link_id = $2 and $3 = any(scopes) and state in ('open', 'approved')`,
});

/**
 * Replaces the owner's answers for exactly these accounts and scopes, for each of the app's live connections that may
 * ask for them. The policy version increases, so no transfer begins on the old answers; open questions that the new
 * ones answer are closed. False, and nothing is changed, if one of the scopes is one that no connection of the app may
 * ask for. PROTOCOL §3.2.
 */
export async function changeRules(
  { pool }: Pick<Deps, 'pool'>,
  { clientId, ownerId, changed }: { clientId: string; ownerId: string; changed: readonly ChangedRule[] },
): Promise<boolean> {
  return inTransaction(pool, async (tx) => {
    // first, as in every transaction that changes what is decided
    if (!(await movePolicyVersion(tx, ownerId))) return false;
    const asked: (ChangedRule & { readonly connections: readonly string[] })[] = [];
    for (const one of changed) {
      const found = await run(tx, CONNECTIONS, [clientId, ownerId, one.linkId, one.scope]);
      if (found.length === 0) return false;
      asked.push({ ...one, connections: found.map(({ id }) => id) });
    }
    for (const { linkId, scope, effect, until, limit, connections } of asked) {
      await putRules(tx, { ownerId, connectionIds: connections, linkId, scopes: [scope], effect, until, limit });
      await run(tx, CLOSE_ASKS, [connections, linkId, scope]);
      const details = { connection: connections[0], link: linkId, scope, effect, until, limit };
      await appendToTimeline(tx, ownerId, 'rule_changed', details);
    }
    return true;
  });
}
