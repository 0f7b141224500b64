import { type Query, run } from '@chatelaine/postgres';
import { coversScope, type TargetsResponse, temporarilyUnavailable } from '@chatelaine/protocol';
import type { Pool } from 'pg';
import { z } from 'zod';
import { evaluate } from '../rules/evaluate.ts';
import { ruleSchema } from '../rules/rule.ts';

const LIST: Query = {
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

const rowSchema = z.object({
  issuer: z.string(),
  name: z.string(),
  resources: z.array(z.string()),
  link_id: z.string(),
  label: z.string(),
  transfer_scope: z.array(z.string()),
  scopes: z.array(z.string()),
  rules: z.array(ruleSchema),
});

/** What a connection may ask for, with each scope's answer as it is now. Rules that cannot be read are a 503. PROTOCOL §3.2, §5. */
export async function listTargets(pool: Pool, connectionId: string): Promise<TargetsResponse> {
  const read = z.array(rowSchema).safeParse(await run(pool, LIST, [connectionId]));
  if (!read.success) {
    throw temporarilyUnavailable("The owner's rules cannot be read right now.", {
      cause: read.error.message,
      retryAfter: 30,
    });
  }
  const targets = read.data.flatMap((row) =>
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
