/** SQL, of `rule_limit n`: the 24 hours that began with the first use are over. */
const DAY_IS_OVER = `(n.per = 'day' and n.since <= now() - interval '24 hours')`;

/** SQL, of `rule_limit n`: it allows another use. */
export const HAS_ROOM = `(n.used < n.most or ${DAY_IS_OVER})`;

/** SQL, of `rule_limit n`: the assignments that count another use. */
export const COUNT_ONE = `used = case when ${DAY_IS_OVER} then 1 else n.used + 1 end,
  since = case when n.used = 0 or ${DAY_IS_OVER} then now() else n.since end`;

/**
 * SQL: a rule as JSON for `readRules`, from `rule r` and its `rule_limit n`. It is an array of the fields because
 * Postgres builds an array three times as fast as an object, and the front page needs thousands of rules.
 */
const RULE_JSON = `json_build_array(r.id, r.connection_id, r.link_id, r.scope, r.effect,
  extract(epoch from r.expires_at),
  case when n.id is not null then json_build_object('id', n.id, 'most', n.most, 'per', n.per,
    'left', case when ${DAY_IS_OVER} then n.most else greatest(n.most - n.used, 0) end) end)`;

/** SQL, of `rule r`: it holds now. */
export const HOLDS = '(r.expires_at is null or r.expires_at > now())';

/**
 * SQL: the rules that hold for the connection with the grant `g` and the terms in force `p`, as JSON for `readRules`.
 * `link`: SQL for the only link that they may be about; null: any link. A yes to a question holds only for the key that
 * asked, under the terms that had been signed.
 */
export const rulesInForce = ({ link }: { readonly link: string | null }): string => `(
    select coalesce(json_agg(${RULE_JSON}), '[]')
    from rule r left join rule_limit n on n.id = r.limit_id
    where r.owner_id = g.subject and (r.connection_id is null or r.connection_id = g.id)
      ${link === null ? '' : `and (r.link_id is null or r.link_id = ${link})`} and ${HOLDS}
      and (r.for_jkt is null or (r.for_jkt = g.jkt and r.for_terms is not distinct from p.accepted)))`;

/** SQL: joins `proffer p`, the offer of terms in force for the connection with the grant `g`. */
export const JOIN_TERMS = 'left join proffer p on p.bucket = g.bucket and p.jti = g.terms';
