import { timeId } from '@chatelaine/crypto';
import { batchedOn, columnsOf, run, runForRow } from '@chatelaine/postgres';
import { findReplayed, guardColumns, guardName, guardValues } from '@chatelaine/oauth-server-pg';
import type { Replayed, ReplayGuard } from '@chatelaine/oauth-server';
import { formatScope, type ScopeSet } from '@chatelaine/protocol';
import type { Pool } from 'pg';
import type { Deps } from '../deps.ts';
import { type Allowed, decidedBy, type Snapshot, type Target } from './decide.ts';
import type { TransferRequest } from './request.ts';
import { BEGIN, BEGIN_COUNTED, BEGIN_MANY, type LinkRow } from './sql/begin-transfer.ts';

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
  /** The rules that decided it. */
  readonly ruleIds: readonly string[];
  /** The offer of terms under which it is made; null: there is none. */
  readonly profferJti: string | null;
}

/** A transfer whose intent is open. */
export interface Begun {
  readonly kind: 'begun';
  readonly intent: Intent;
  readonly request: TransferRequest;
  readonly snapshot: Snapshot;
  readonly target: Target;
  readonly link: KnownLink;
}

/** What is needed to call the link's Host, as stored when the transfer began. */
export interface KnownLink {
  /** The access token, encrypted; null if there is none, or none that could be refreshed. */
  readonly accessToken: Buffer | null;
  /** Seconds until it expires, by the database's clock; negative when it has. */
  readonly secondsLeft: number;
  readonly tokenEndpoint: string;
}

interface Beginning {
  readonly intent: Intent;
  readonly guards: readonly ReplayGuard[];
  /** Limits of rules against which this transfer counts. */
  readonly limitIds: readonly string[];
}
type BeginRow = LinkRow & { readonly replayed: Replayed | null };

/** Runs several at once in one statement. */
const beginUsingNothing = batchedOn<Beginning, BeginRow>((pool) => ({
  one: (beginning) => beginOne(pool, beginning),
  many: async (several) => {
    const guards = guardColumns(several.map((one) => one.guards));
    const rows = await run(pool, BEGIN_MANY, [...guards, ...columnsOf(several.map(({ intent }) => columns(intent)))]);
    const known = new Map(rows.map((row) => [row.n, row]));
    return several.map((one, index) => {
      const row = known.get(index + 1);
      if (row === undefined) throw new Error('Of a transfer that begins there is no row.');
      return { ...row, replayed: row.is_fresh ? null : findReplayed(one.guards, { burned: row.burned ?? [] }) };
    });
  },
  keysOf: ({ guards }) => guards.map(guardName),
}));

/** In the order of the statements' parameters. */
const columns = (intent: Intent): readonly unknown[] => [
  intent.id,
  intent.bucket,
  intent.ownerId,
  intent.connectionId,
  intent.linkId,
  intent.hostId,
  intent.clientId,
  intent.resource,
  formatScope(intent.scopes),
  intent.jkt,
  intent.policyVersion,
  intent.profferJti,
  intent.ruleIds.join(' '),
];

async function beginOne(pool: Pool, { intent, guards, limitIds }: Beginning): Promise<BeginRow> {
  const values = [...guardValues(guards), ...columns(intent), intent.askId];
  const row = await (limitIds.length === 0
    ? runForRow(pool, BEGIN, values)
    : runForRow(pool, BEGIN_COUNTED, [...values, limitIds]));
  return { ...row, replayed: row.begun ? null : findReplayed(guards, row) };
}

/**
 * Writes the intent before the Host is called, in one statement with the replay guards and the approval or rule limits
 * it uses up, and only if nothing the decision rested on has changed. `changed`: read and decide again; the guards are
 * spent.
 */
export async function beginTransfer(
  { pool, clock }: Pick<Deps, 'pool' | 'clock'>,
  input: {
    request: TransferRequest;
    snapshot: Snapshot;
    decision: Allowed;
    guards: readonly ReplayGuard[];
  },
): Promise<Begun | { readonly kind: 'changed' } | Replayed> {
  const { request, snapshot, decision, guards } = input;
  const { target, askId } = decision;
  const { ruleIds, limitIds } = decidedBy(decision);
  const intent: Intent = {
    id: timeId('tr', clock.now()),
    bucket: snapshot.bucket,
    ownerId: snapshot.ownerId,
    connectionId: snapshot.connectionId,
    linkId: target.linkId,
    hostId: target.hostId,
    clientId: request.clientId,
    resource: request.resource,
    scopes: request.scopes,
    jkt: request.binding.kind === 'key' ? request.binding.jkt : null,
    policyVersion: snapshot.policyVersion,
    askId,
    ruleIds,
    profferJti: snapshot.terms.kind === 'accepted' ? snapshot.terms.jti : null,
  };
  const beginning = { intent, guards, limitIds };
  const usesNothing = askId === null && limitIds.length === 0;
  const row = await (usesNothing ? beginUsingNothing(pool, beginning) : beginOne(pool, beginning));
  if (!row.begun) return row.replayed ?? { kind: 'changed' };
  const link = {
    accessToken: row.access_token,
    secondsLeft: row.seconds_left ?? -1,
    tokenEndpoint: row.token_endpoint,
  };
  return { kind: 'begun', intent, request, snapshot, target, link };
}
