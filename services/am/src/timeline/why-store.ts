import { bucketOf } from '@chatelaine/crypto';
import { defineQuery, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { joinOwnName, shownName } from '../identity/sql/app-names.ts';
import type { Effect, RuleLimit } from '../rules/rule.ts';
import { HOLDS } from '../rules/sql/rules-in-force.ts';
import { type Asked, askedOf } from './asked-store.ts';

/** A request for a token, with what its explanation needs. */
export interface Explained {
  readonly asked: Asked;
  readonly closedAt: Date | null;
  /** When the owner said yes to its question; null if it needed none. */
  readonly answeredAt: Date | null;
  /** The rules that decided it, as they were then; empty if none was about it. */
  readonly rules: readonly DecidingRule[];
  /** The owner's policy version that it was decided on; each change of theirs increases it. */
  readonly policyVersion: string;
  /** Whether the app is still connected. */
  readonly isConnected: boolean;
  /** Null if it was for no service that the app is shown. */
  readonly linkState: 'active' | 'broken' | 'ended' | null;
  readonly hostIssuer: string | null;
  /** The status at the Host of the end of the connection or the link; null if neither has ended. */
  readonly end: { readonly state: 'pending' | 'confirmed' | 'failed'; readonly confirmedAt: Date | null } | null;
}

/** A rule of the owner's, whether or not it still holds. */
export interface DecidingRule {
  readonly id: string;
  /** Null: all scopes. */
  readonly scope: string | null;
  readonly effect: Effect;
  /** How often it allows; null: without limit. */
  readonly limit: Pick<RuleLimit, 'most' | 'per'> | null;
  /** Epoch seconds. */
  readonly since: number;
  /** When it ends, or ended, in epoch seconds; null: with its connection or link. */
  readonly until: number | null;
  readonly holds: boolean;
  /** Whether it is the answer to a question. */
  readonly wasAsked: boolean;
}

type Row = Parameters<typeof askedOf>[0] & {
  closed_at: Date | null;
  decided_at: Date | null;
  rules: readonly DecidingRule[];
  policy_version: string;
  ended_at: Date | null;
  link_state: Explained['linkState'];
  issuer: string | null;
  end_state: 'pending' | 'confirmed' | 'failed' | null;
  confirmed_at: Date | null;
};

const RULES = `(
        select coalesce(json_agg(json_build_object('id', r.id, 'scope', r.scope, 'effect', r.effect, 'since',
          extract(epoch from r.created_at),
          'until', extract(epoch from r.expires_at), 'holds', ${HOLDS}, 'wasAsked', r.for_jkt is not null,
          'limit', case when n.id is not null then json_build_object('most', n.most, 'per', n.per) end)
            order by r.scope, r.id), '[]')
        from rule r left join rule_limit n on n.id = r.limit_id
          where r.id = any (t.rule_ids) and r.owner_id = t.owner_id)`;

const ONE = defineQuery<Row>({
  name: 'timeline_explain',
  text: `
    select t.id, t.started_at, t.state, t.error, t.scopes, t.resource, t.jkt is null as bearer, t.connection_id,
      t.link_id, t.host_id, t.closed_at, t.request_id, t.policy_version,
      c.client_id, ${shownName('c')} as client_name, c.ended_at, l.label, l.state as link_state,
      h.name as host_name, h.issuer, h.transfer_scopes,
      a.decided_at, ${RULES} as rules, r.state as end_state, r.confirmed_at
    from transfer t join connection c on c.id = t.connection_id and c.owner_id = t.owner_id ${joinOwnName('c')}
      left join link l on l.id = t.link_id and l.owner_id = t.owner_id left join host h on h.id = t.host_id
      left join ask a on a.id = t.ask_id and a.owner_id = t.owner_id
      left join lateral (
        select r.state, r.confirmed_at from revocation r
        where r.owner_id = t.owner_id and r.link_id = t.link_id
          and ((r.connection_id = t.connection_id and c.ended_at is not null)
            or (r.grant_id is null and l.state = 'ended'))
        order by array_position(array['failed', 'pending'], r.state), r.confirmed_at desc limit 1
      ) r on true
    where t.bucket = $3 and t.id = $2 and t.owner_id = $1`,
});

/**
 * Explains one request for a token by this owner's apps; null if there is no such request, or it is another owner's.
 */
export async function explain(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, id }: { ownerId: string; id: string },
): Promise<Explained | null> {
  const row = await runOne(pool, ONE, [ownerId, id, bucketOf(ownerId)]);
  return (
    row && {
      asked: askedOf(row),
      closedAt: row.closed_at,
      answeredAt: row.decided_at,
      rules: row.rules,
      policyVersion: row.policy_version,
      isConnected: row.ended_at === null,
      linkState: row.link_state,
      hostIssuer: row.issuer,
      end: row.end_state === null ? null : { state: row.end_state, confirmedAt: row.confirmed_at },
    }
  );
}
