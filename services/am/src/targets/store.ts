import { run, type Statement } from '@chatelaine/oauth-server-pg';
import { coversScope, type TargetsResponse } from '@chatelaine/protocol';
import type { Pool } from 'pg';
import { evaluate, type Rule } from '../rules/evaluate.ts';

const LIST: Statement = {
  name: 'targets_list',
  text: `select h.issuer, h.name, h.resources, l.id as link_id, l.label, l.transfer_scope, ch.scopes,
      (select coalesce(json_agg(json_build_object('connectionId', r.connection_id, 'linkId', r.link_id, 'scope', r.scope, 'effect', r.effect)), '[]')
         from rule r where r.owner_id = c.owner_id and (r.connection_id is null or r.connection_id = c.id)
           and (r.link_id is null or r.link_id = l.id) and (r.expires_at is null or r.expires_at > now())) as rules
    from connection c
    join connection_host ch on ch.connection_id = c.id
    join host h on h.id = ch.host_id
    join link l on l.id = ch.link_id and l.owner_id = c.owner_id and l.state = 'active'
    where c.id = $1 and c.ended_at is null
    order by h.name, h.issuer`,
};

interface Row {
  issuer: string;
  name: string;
  resources: string[];
  link_id: string;
  label: string;
  transfer_scope: string[];
  scopes: string[];
  rules: Rule[];
}

/** What a connection may ask for, with each scope's answer as it is now. PROTOCOL §5. */
export async function listTargets(pool: Pool, connectionId: string): Promise<TargetsResponse> {
  const rows = await run<Row>(pool, LIST, [connectionId]);
  const targets = rows.flatMap((row) =>
    row.resources.map((resource) => ({
      resource,
      issuer: row.issuer,
      name: row.name,
      account: row.label,
      scopes: row.scopes
        .filter((scope) => coversScope(row.transfer_scope, [scope]))
        .map((scope) => ({ scope, answer: evaluate(row.rules, { connectionId, linkId: row.link_id, scope }) })),
    })),
  );
  return { targets };
}
