import { batchedOn, columnsOf, type Query, rowsOf, run } from '@chatelaine/postgres';
import { GRANT_ALIVE } from '@chatelaine/oauth-server-pg';
import { scopeKey, type ScopeSet, temporarilyUnavailable } from '@chatelaine/protocol';
import type { Pool } from 'pg';
import { readRules } from '../rules/evaluate.ts';
import type { Rule } from '../rules/rule.ts';
import { PAUSED_FOR } from '../connections/sql/paused.ts';
import { JOIN_TERMS, rulesInForce } from '../rules/sql/rules-in-force.ts';
import type { Snapshot, Target, TermsState } from './decide.ts';
import type { TransferRequest } from './request.ts';

interface SnapshotRow extends Partial<Record<keyof TargetRow, unknown>> {
  n: number;
  connection_id: string;
  owner_id: string;
  bucket: number;
  client_id: string;
  client_name: string;
  client_uri: string | null;
  jkt: string | null;
  paused_for: number | null;
  policy_version: string;
  signers_only: boolean;
  proffer_jti: string | null;
  proffer_decision: 'accepted' | 'declined' | null;
  /** The signed offer, if it has no answer yet. */
  proffer: string | null;
  rules: unknown;
  approved_ask_id: string | null;
}

interface TargetRow {
  host_id: string;
  host_issuer: string;
  host_name: string;
  link_id: string;
  ceiling: string[];
  shown: string[];
  grant_id: string;
  bearer: boolean;
  unconfirmed_ends: number;
}

/**
 * Columns of `asked`: `key`, which `from` uses to find the grant; the resource; the scopes as a key; whether the client
 * authenticated.
 */
const ONE = (key: 'bytea' | 'text'): string =>
  `(values (1, $1::int, $2::${key}, $3::text, $4::text, $5::boolean)) as asked (n, bucket, key, resource,
    scope_key, is_authenticated)`;
const MANY = (key: 'bytea' | 'text'): string =>
  `${rowsOf(['int', key, 'text', 'text', 'boolean'])} as asked (bucket, key, resource, scope_key, is_authenticated, n)`;

interface Found {
  readonly asked: string;
  readonly from: string;
  readonly where: string;
}

// each is looked up by key, however many there are: the limit keeps the planner from a join over a whole table
const snapshotOf = (name: string, { asked, from, where }: Found): Query<SnapshotRow> => ({
  name,
  text: `
  select asked.n::int, found.* from ${asked} cross join lateral (
  select g.id as connection_id, g.subject as owner_id, g.bucket, g.client_id, c.client_name, c.client_uri, g.jkt,
    ${PAUSED_FOR} as paused_for, o.policy_version,
    o.signers_only, g.terms as proffer_jti, p.decision as proffer_decision, case when p.decision is null then p.proffer
      end as proffer,
    target.*,
    ${rulesInForce({ link: 'target.link_id' })} as rules,
    (select a.id from ask a
      where a.connection_id = g.id and a.host_id = target.host_id and a.link_id = target.link_id
        and a.scope_key = asked.scope_key and a.state = 'approved' and a.expires_at > now()
        and a.for_jkt = g.jkt and a.for_terms is not distinct from p.accepted
      limit 1) as approved_ask_id
  from ${from}
  join connection c on c.id = g.id and c.owner_id = g.subject and c.ended_at is null
  join owner o on o.id = g.subject
  ${JOIN_TERMS}
  left join lateral (
    select h.id as host_id, h.issuer as host_issuer, h.name as host_name, l.id as link_id, l.transfer_scope as ceiling,
      ch.scopes as shown, ch.grant_id, ch.bearer and h.bearer as bearer,
      unconfirmed_ends(ch.connection_id, l.id) as unconfirmed_ends
    from connection_host ch
    join host h on h.id = ch.host_id and asked.resource = any (h.resources)
    join link l on l.id = ch.link_id and l.host_id = h.id and l.owner_id = g.subject and l.state = 'active'
    where ch.connection_id = g.id
    limit 1
  ) target on true
  where ${where} and (not g.authenticated or asked.is_authenticated)
  limit 1) as found`,
});

const TOKEN = {
  from: `oauth_token t join oauth_grant g on g.bucket = t.bucket and g.id = t.grant_id and ${GRANT_ALIVE}`,
  where: `t.bucket = asked.bucket and t.hash = asked.key and t.kind = 'ct' and t.expires_at > now()
    and c.resource is null`,
};
const BY_TOKEN = snapshotOf('transfer_snapshot', { asked: ONE('bytea'), ...TOKEN });
const BY_TOKENS = snapshotOf('transfer_snapshots', { asked: MANY('bytea'), ...TOKEN });
// PROTOCOL §6: such a connection is for one resource, and is never used with a token of its own
const BY_GRANT = snapshotOf('transfer_snapshot_by_grant', {
  asked: ONE('text'),
  from: 'oauth_grant g',
  where: `g.bucket = asked.bucket and g.id = asked.key and ${GRANT_ALIVE} and c.resource = asked.resource`,
});

const BY_DEFERRAL = snapshotOf('transfer_snapshot_by_deferral', {
  asked: ONE('bytea'),
  from: `deferral d join oauth_grant g on g.bucket = d.bucket and g.id = d.connection_id and ${GRANT_ALIVE}`,
  where: `d.bucket = asked.bucket and d.hash = asked.key and d.resource = asked.resource and d.ended_at is null
    and d.expires_at > now() and c.resource is null`,
});
const BY = { token: BY_TOKEN, grant: BY_GRANT, deferral: BY_DEFERRAL };

// for a dry run, so any resource will do
const BY_GRANTS = snapshotOf('transfer_snapshots_by_grants', {
  asked: MANY('text'),
  from: 'oauth_grant g',
  where: `g.bucket = asked.bucket and g.id = asked.key and ${GRANT_ALIVE}`,
});

/** What requests by these connections would be decided on now, in the same order; null for one that has ended. */
export async function readSnapshotsOf(
  pool: Pool,
  asked: readonly { bucket: number; connectionId: string; resource: string; scopes: ScopeSet }[],
): Promise<readonly (Snapshot | null)[]> {
  const values = asked.map(({ bucket, connectionId, resource, scopes }) => [
    bucket,
    connectionId,
    resource,
    scopeKey(scopes),
    true,
  ]);
  const rows = new Map((await run(pool, BY_GRANTS, columnsOf(values))).map((row) => [row.n, row]));
  return asked.map((_, index) => snapshotIn(rows.get(index + 1)));
}

type Asked = Pick<TransferRequest, 'subject' | 'resource' | 'scopes' | 'isAuthenticated'>;

/** By token, the usual case; several at once in one statement. */
const readByToken = batchedOn<Asked, SnapshotRow | undefined>((pool) => ({
  one: async (asked) => (await run(pool, BY_TOKEN, valuesOf(asked)))[0],
  many: async (several) => {
    const rows = new Map((await run(pool, BY_TOKENS, columnsOf(several.map(valuesOf)))).map((row) => [row.n, row]));
    return several.map((_, index) => rows.get(index + 1));
  },
}));

function valuesOf({ subject, resource, scopes, isAuthenticated }: Asked): readonly unknown[] {
  const named = subject.kind === 'grant' ? [subject.bucket, subject.id] : [subject.key.bucket, subject.key.hash];
  return [...named, resource, scopeKey(scopes), isAuthenticated];
}

/**
 * Everything a transfer is decided on, in one read; null if the connection or its token is not alive, or needs a client
 * that authenticates. If rules cannot be read, the answer is 503 (PROTOCOL §3.2).
 */
export async function readSnapshot(pool: Pool, input: Asked): Promise<Snapshot | null> {
  const { kind } = input.subject;
  const row = kind === 'token' ? await readByToken(pool, input) : (await run(pool, BY[kind], valuesOf(input)))[0];
  return snapshotIn(row);
}

function snapshotIn(row: SnapshotRow | undefined): Snapshot | null {
  if (row === undefined) return null;
  const rules = readRules(row.rules);
  if (rules === null)
    throw temporarilyUnavailable("The owner's rules cannot be read right now.", { cause: 'rules', retryAfter: 30 });
  return toSnapshot(row, rules);
}

const toSnapshot = (row: SnapshotRow, rules: readonly Rule[]): Snapshot => ({
  connectionId: row.connection_id,
  ownerId: row.owner_id,
  bucket: row.bucket,
  clientId: row.client_id,
  clientName: row.client_name,
  clientUri: row.client_uri,
  jkt: row.jkt,
  pausedFor: row.paused_for,
  policyVersion: row.policy_version,
  target: hasTarget(row) ? toTarget(row) : null,
  terms: termsOf(row),
  signersOnly: row.signers_only,
  rules,
  approvedAskId: row.approved_ask_id,
});

/** The same if an offer in force cannot be read. */
function termsOf({ proffer_jti: jti, proffer_decision: decision, proffer }: SnapshotRow): TermsState {
  if (jti === null) return { kind: 'none' };
  if (decision === 'accepted') return { kind: 'accepted', jti };
  if (decision === 'declined') return { kind: 'declined' };
  if (proffer !== null) return { kind: 'open', proffer };
  throw temporarilyUnavailable("The owner's terms cannot be read right now.", { cause: 'terms', retryAfter: 30 });
}

const hasTarget = (row: SnapshotRow): row is SnapshotRow & TargetRow => row.host_id !== null;

const toTarget = (row: TargetRow): Target => ({
  hostId: row.host_id,
  hostIssuer: row.host_issuer,
  hostName: row.host_name,
  linkId: row.link_id,
  ceiling: row.ceiling,
  shown: row.shown,
  grantId: row.grant_id,
  bearer: row.bearer,
  unconfirmedEnds: row.unconfirmed_ends,
});
