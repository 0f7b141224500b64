import { randomId } from '@chatelaine/crypto';
import { type Db, defineQuery, run } from '@chatelaine/postgres';
import type { Effect, LimitPeriod } from './rule.ts';

// in milliseconds, as the column stores it: rounded up, the rule would hold for a moment longer
const END = defineQuery({
  name: 'rules_end',
  text: `
    update rule set expires_at = date_trunc('milliseconds', now())
    where owner_id = $1 and connection_id = any($2) and link_id = $3 and scope = any($4)
      and (expires_at is null or expires_at > now())`,
});
const LIMIT = defineQuery({
  name: 'rules_limit',
  text: 'insert into rule_limit (id, owner_id, most, per) select id, $1, $2, $3 from unnest($4::text[]) as n (id)',
});
const INSERT = defineQuery({
  name: 'rules_insert',
  text: `
    insert into rule (id, owner_id, connection_id, link_id, scope, effect, expires_at, limit_id, for_jkt, for_terms)
    select n.id, $1, c.id, $2, n.scope, $3, least(c.expires_at, $7::timestamptz,
      now() + $11::float8 * interval '1 second'), n.limit_id, $9, $10
    from unnest($4::text[], $5::text[], $6::text[], $8::text[]) as n (id, connection_id, scope, limit_id)
      join connection c on c.id = n.connection_id`,
});

/** What a yes to a question is limited to. */
export interface ApprovedFor {
  /** The thumbprint of the key that the Requester used. */
  readonly jkt: string;
  /** The name of the terms that the Requester had signed; null: none. */
  readonly terms: string | null;
}

export interface NewRules {
  readonly ownerId: string;
  readonly connectionIds: readonly string[];
  readonly linkId: string;
  readonly scopes: readonly string[];
  readonly effect: Effect;
  /** When it ends; null or missing: with the connection, which is the latest in any case. */
  readonly until?: Date | null;
  /** The same in seconds from now. */
  readonly forSeconds?: number | null;
  /** How often each scope is allowed, for all the connections together; null or missing: without limit. */
  readonly limit?: { readonly most: number; readonly per: LimitPeriod } | null;
  /** Null or missing: for whatever key and terms the connection has. */
  readonly approvedFor?: ApprovedFor | null;
}

/**
 * Writes one rule for each of these connections and scopes of one link, and ends the rules that are about exactly the
 * same. The caller increases the policy version.
 */
export async function putRules(tx: Db, rules: NewRules): Promise<void> {
  const { ownerId, connectionIds, linkId, scopes, effect, limit = null } = rules;
  const each = scopes.flatMap((scope) => {
    const limitId = limit === null ? null : randomId('lim');
    return connectionIds.map((connectionId) => ({ id: randomId('rule'), connectionId, scope, limitId }));
  });
  await run(tx, END, [ownerId, connectionIds, linkId, scopes]);
  if (limit !== null)
    await run(tx, LIMIT, [ownerId, limit.most, limit.per, [...new Set(each.map(({ limitId }) => limitId))]]);
  await run(tx, INSERT, [
    ownerId,
    linkId,
    effect,
    each.map(({ id }) => id),
    each.map(({ connectionId }) => connectionId),
    each.map(({ scope }) => scope),
    rules.until ?? null,
    each.map(({ limitId }) => limitId),
    rules.approvedFor?.jkt ?? null,
    rules.approvedFor?.terms ?? null,
    rules.forSeconds ?? null,
  ]);
}
