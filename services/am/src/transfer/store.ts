import { type Query, run, runForRow } from '@chatelaine/postgres';
import {
  BURN_GUARDS,
  BURNED,
  type BurnedRow,
  findReplayed,
  GRANT_ALIVE,
  guardValues,
} from '@chatelaine/oauth-server-pg';
import type { Replayed, ReplayGuard } from '@chatelaine/oauth-server';
import { scopeKey, type ScopeSet, temporarilyUnavailable } from '@chatelaine/protocol';
import type { Pool } from 'pg';
import { z } from 'zod';
import { ruleSchema } from '../rules/rule.ts';
import type { Snapshot } from './decide.ts';
import type { TransferRequest } from './request.ts';

const rowSchema = z.object({
  connection_id: z.string(),
  owner_id: z.string(),
  bucket: z.number(),
  client_id: z.string(),
  client_name: z.string(),
  client_uri: z.string().nullable(),
  jkt: z.string().nullable(),
  policy_version: z.string(),
  host_id: z.string().nullable(),
  host_issuer: z.string(),
  host_name: z.string(),
  link_id: z.string(),
  ceiling: z.array(z.string()),
  shown: z.array(z.string()),
  grant_id: z.string(),
  bearer: z.boolean(),
  unconfirmed_ends: z.number(),
  rules: z.array(ruleSchema).nullable(),
  approved_ask_id: z.string().nullable(),
});
const withoutTarget = rowSchema.extend({
  host_id: z.null(),
  host_issuer: z.null(),
  host_name: z.null(),
  link_id: z.null(),
  ceiling: z.null(),
  shown: z.null(),
  grant_id: z.null(),
  bearer: z.null(),
  unconfirmed_ends: z.null(),
});

/** `$3` resource, `$4` the scopes as a key, `$5` whether the client authenticated; which grant, is for `from` to say. */
const snapshotOf = (name: string, { from, where }: { from: string; where: string }): Query => ({
  name,
  text: `
  select g.id as connection_id, g.subject as owner_id, g.bucket, g.client_id, c.client_name, c.client_uri, g.jkt, o.policy_version,
    target.*,
    (select json_agg(json_build_object('connectionId', r.connection_id, 'linkId', r.link_id, 'scope', r.scope, 'effect', r.effect))
       from rule r
      where r.owner_id = g.subject and (r.connection_id is null or r.connection_id = g.id)
        and (r.link_id is null or r.link_id = target.link_id) and (r.expires_at is null or r.expires_at > now())) as rules,
    (select a.id from ask a
      where a.connection_id = g.id and a.host_id = target.host_id and a.link_id = target.link_id
        and a.scope_key = $4 and a.state = 'approved' and a.expires_at > now()
      limit 1) as approved_ask_id
  from ${from}
  join connection c on c.id = g.id and c.owner_id = g.subject and c.ended_at is null
  join owner o on o.id = g.subject
  left join lateral (
    select h.id as host_id, h.issuer as host_issuer, h.name as host_name, l.id as link_id, l.transfer_scope as ceiling,
      ch.scopes as shown, ch.grant_id, ch.bearer and h.bearer as bearer,
      unconfirmed_ends(ch.connection_id, l.id) as unconfirmed_ends
    from connection_host ch
    join host h on h.id = ch.host_id and $3 = any (h.resources)
    join link l on l.id = ch.link_id and l.host_id = h.id and l.owner_id = g.subject and l.state = 'active'
    where ch.connection_id = g.id
    limit 1
  ) target on true
  where ${where} and (not g.authenticated or $5)`,
});

const BY_TOKEN = snapshotOf('transfer_snapshot', {
  from: `oauth_token t join oauth_grant g on g.bucket = t.bucket and g.id = t.grant_id and ${GRANT_ALIVE}`,
  where: `t.bucket = $1 and t.hash = $2 and t.kind = 'ct' and t.expires_at > now() and c.resource is null`,
});
// PROTOCOL §6: such a connection is for one resource, and is never used by a token of its own
const BY_GRANT = snapshotOf('transfer_snapshot_by_grant', {
  from: 'oauth_grant g',
  where: `g.bucket = $1 and g.id = $2 and ${GRANT_ALIVE} and c.resource = $3`,
});

const BY_DEFERRAL = snapshotOf('transfer_snapshot_by_deferral', {
  from: `deferral d join oauth_grant g on g.bucket = d.bucket and g.id = d.connection_id and ${GRANT_ALIVE}`,
  where: `d.bucket = $1 and d.hash = $2 and d.resource = $3 and d.ended_at is null and d.expires_at > now() and c.resource is null`,
});
const BY = { token: BY_TOKEN, grant: BY_GRANT, deferral: BY_DEFERRAL };

/**
 * Everything a transfer is decided on, in one read; null when the connection or its token is not alive, or needs a client that authenticates. Rules or rows that cannot be read
 * close the door: 503 (PROTOCOL §3.2).
 */
export async function readSnapshot(
  pool: Pool,
  input: Pick<TransferRequest, 'subject' | 'resource' | 'scopes' | 'isAuthenticated'>,
): Promise<Snapshot | null> {
  const { subject, resource, scopes, isAuthenticated } = input;
  const named = subject.kind === 'grant' ? [subject.bucket, subject.id] : [subject.key.bucket, subject.key.hash];
  const values = [...named, resource, scopeKey(scopes), isAuthenticated];
  const [row] = await run(pool, BY[subject.kind], values);
  if (row === undefined) return null;
  const parsed = z.union([rowSchema, withoutTarget]).safeParse(row);
  if (!parsed.success) {
    throw temporarilyUnavailable("The owner's rules cannot be read right now.", {
      cause: parsed.error.message,
      retryAfter: 30,
    });
  }
  return toSnapshot(parsed.data);
}

function toSnapshot(row: z.infer<typeof rowSchema> | z.infer<typeof withoutTarget>): Snapshot {
  const target =
    row.host_id === null || row.host_issuer === null
      ? null
      : {
          hostId: row.host_id,
          hostIssuer: row.host_issuer,
          hostName: row.host_name,
          linkId: row.link_id,
          ceiling: row.ceiling,
          shown: row.shown,
          grantId: row.grant_id,
          bearer: row.bearer,
          unconfirmedEnds: row.unconfirmed_ends,
        };
  return {
    connectionId: row.connection_id,
    ownerId: row.owner_id,
    bucket: row.bucket,
    clientId: row.client_id,
    clientName: row.client_name,
    clientUri: row.client_uri,
    jkt: row.jkt,
    policyVersion: row.policy_version,
    target,
    rules: row.rules ?? [],
    approvedAskId: row.approved_ask_id,
  };
}

/** A transfer about to be made, as its audit row keeps it. */
export interface Intent {
  readonly id: string;
  readonly bucket: number;
  readonly ownerId: string;
  readonly connectionId: string;
  readonly linkId: string;
  readonly hostId: string;
  readonly clientId: string;
  readonly resource: string;
  readonly scopes: ScopeSet;
  /** Null: bound to no key. */
  readonly jkt: string | null;
  readonly policyVersion: string;
  readonly askId: string | null;
}

const BEGIN: Query<BurnedRow & { begun: boolean }> = {
  name: 'transfer_begin',
  text: `with ${BURN_GUARDS}, still as (
    select 1 from fresh, oauth_grant g join owner o on o.id = g.subject join link l on l.id = $7
    where g.bucket = $4 and g.id = $6 and g.subject = $5 and ${GRANT_ALIVE}
      and o.policy_version = $13::bigint and l.owner_id = $5 and l.state = 'active'
  ), spent as (
    update ask set state = 'used' where id = $14 and state = 'approved' and expires_at > now() and exists (select from still) returning id
  ), begun as (
    insert into transfer (id, bucket, owner_id, connection_id, link_id, host_id, client_id, resource, scopes, jkt, policy_version, ask_id)
    select $3, $4, $5, $6, $7, $8, $9, $10, $11::text[], $12, $13::bigint, $14 from still
    where $14::text is null or exists (select from spent)
    returning 1
  )
  select ${BURNED}, exists (select from begun) as begun`,
};

export type BeginOutcome = { readonly kind: 'begun' } | { readonly kind: 'changed' } | Replayed;

/**
 * Writes the intent before the Host is called, in one statement with the replay guards and the approval it uses up, and only while
 * nothing the decision stood on has changed. `changed`: read again and decide again; the guards are spent.
 */
export async function beginTransfer(
  pool: Pool,
  input: { intent: Intent; guards: readonly ReplayGuard[] },
): Promise<BeginOutcome> {
  const { intent, guards } = input;
  const row = await runForRow(pool, BEGIN, [
    ...guardValues(guards),
    intent.id,
    intent.bucket,
    intent.ownerId,
    intent.connectionId,
    intent.linkId,
    intent.hostId,
    intent.clientId,
    intent.resource,
    intent.scopes,
    intent.jkt,
    intent.policyVersion,
    intent.askId,
  ]);
  if (row.begun) return { kind: 'begun' };
  return findReplayed(guards, row) ?? { kind: 'changed' };
}
