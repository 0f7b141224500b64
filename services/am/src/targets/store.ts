import { type Query, run } from '@chatelaine/postgres';
import { coversScope, type TargetsResponse, temporarilyUnavailable } from '@chatelaine/protocol';
import type { Pool } from 'pg';
import { evaluate, readRules } from '../rules/evaluate.ts';
import type { Rule } from '../rules/rule.ts';
import { IS_PAUSED } from '../connections/sql/paused.ts';
import { JOIN_TERMS, rulesInForce } from '../rules/sql/rules-in-force.ts';

const LIST: Query<TargetRow> = {
  name: 'targets_list',
  text: `select ${IS_PAUSED} as paused, h.issuer, h.name, h.resources, l.id as link_id, l.label, l.transfer_scope,
    ch.scopes,
      ${rulesInForce({ link: 'l.id' })} as rules
    from connection c
    join oauth_grant g on g.id = c.id and g.subject = c.owner_id
    ${JOIN_TERMS}
    join connection_host ch on ch.connection_id = c.id
    join host h on h.id = ch.host_id
    join link l on l.id = ch.link_id and l.owner_id = c.owner_id and l.state = 'active'
    where c.id = $1 and c.ended_at is null
    order by h.name, h.issuer`,
};

interface TargetRow {
  paused: boolean;
  issuer: string;
  name: string;
  resources: string[];
  link_id: string;
  label: string;
  transfer_scope: string[];
  scopes: string[];
  rules: unknown;
}

/**
 * What a connection may ask for, with the current answer for each scope. Rules that cannot be read are a 503. PROTOCOL
 * §3.2, §5.
 */
export async function listTargets(pool: Pool, connectionId: string): Promise<TargetsResponse> {
  const rows = await run(pool, LIST, [connectionId]);
  const targets = rows.flatMap((row) => {
    const rules = rulesOf(row);
    const scopes = row.scopes
      .filter((scope) => coversScope(row.transfer_scope, [scope]))
      .map((scope) => ({ scope, answer: evaluate(rules, { connectionId, linkId: row.link_id, scope }).effect }));
    const { issuer, name, label: account } = row;
    return row.resources.map((resource) => ({ resource, issuer, name, account, scopes }));
  });
  return rows.some(({ paused }) => paused) ? { targets, paused: true } : { targets };
}

function rulesOf({ rules }: TargetRow): readonly Rule[] {
  const read = readRules(rules);
  if (read === null)
    throw temporarilyUnavailable("The owner's rules cannot be read right now.", { cause: 'rules', retryAfter: 30 });
  return read;
}
