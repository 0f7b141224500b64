import { defineQuery, run } from '@chatelaine/postgres';
import { Problem } from '@chatelaine/ui';
import type { Deps } from '../deps.ts';
import { iconOf } from '../identity/sql/icons.ts';
import { joinOwnName, shownName } from '../identity/sql/app-names.ts';
import type { Who } from '../identity/who.tsx';
import { LIVE_CONNECTIONS } from '../connections/live.ts';
import { scopeSentences } from '../links/scope-sentences.ts';
import { evaluate, readRules, type Verdict } from '../rules/evaluate.ts';
import type { Effect, Rule } from '../rules/rule.ts';
import { IS_PAUSED } from '../connections/sql/paused.ts';
import { JOIN_TERMS, rulesInForce } from '../rules/sql/rules-in-force.ts';

/** An app as its owner sees it: one client with all its live connections. */
export interface OwnApp extends Who {
  /** The connection by which the app was looked up; it may have ended. */
  readonly id: string;
  /** The live ones, newest first; at least one. */
  readonly connections: readonly OwnConnection[];
  /** What at least one of them is shown. */
  readonly accounts: readonly AppAccount[];
}

export interface OwnConnection {
  readonly id: string;
  readonly since: Date;
  /** Null: until the owner stops it. */
  readonly until: Date | null;
  /** The redirect URI of its authorization request; null for a connection made before this was stored. */
  readonly redirectUri: string | null;
  /** Of a stock client: the one resource that the connection is for. */
  readonly resource: string | null;
  /** Thumbprint of its key; null if it has not shown one. */
  readonly jkt: string | null;
  /** When it last asked for a token, if that is still recorded. */
  readonly lastUsed: Date | null;
  /** Until when its owner has paused it; null if they have not. */
  readonly paused: PausedUntil | null;
}

/** `resumed`: until the owner resumes it. */
export type PausedUntil = Date | 'resumed';

export interface AppAccount {
  readonly linkId: string;
  readonly hostId: string;
  readonly hostName: string;
  /** The owner's name for it. */
  readonly label: string;
  readonly linkState: 'active' | 'broken' | 'ended';
  readonly scopes: readonly AppScope[];
}

export interface AppScope {
  readonly scope: string;
  readonly sentence: string;
  /** The owner's answer; null if it differs between the connections that may ask for this scope. */
  readonly effect: Effect | null;
  /** The answer for each of those connections, and the rule that gives it. */
  readonly verdicts: readonly (Verdict & { readonly connectionId: string })[];
}

interface ConnectionRow {
  id: string;
  client_id: string;
  client_name: string;
  self_name: string;
  icon_id: string | null;
  client_uri: string | null;
  redirect_uri: string | null;
  is_proven: boolean | null;
  created_at: Date;
  expires_at: Date | null;
  resource: string | null;
  jkt: string | null;
  rules: unknown;
  /** As node-postgres returns it: `infinity` is a number. */
  paused_until: Date | number | null;
  last_used: Date | null;
}

const CONNECTIONS = defineQuery<ConnectionRow>({
  name: 'apps_connections',
  text: `
    select c.id, c.client_id, ${shownName('c')} as client_name, c.client_name as self_name, ${iconOf('c')} as icon_id,
      c.client_uri, c.redirect_uri, c.is_proven, c.created_at, c.expires_at,
      c.resource, g.jkt,
      ${rulesInForce({ link: null })} as rules, case when ${IS_PAUSED} then g.paused_until end as paused_until,
      (select t.started_at from transfer t where t.connection_id = c.id order by t.started_at desc limit 1) as last_used
    from ${LIVE_CONNECTIONS} ${joinOwnName('c')} ${JOIN_TERMS}
    where c.owner_id = $1 and c.client_id = (select one.client_id from connection one
      where one.id = $2 and one.owner_id = $1)
    order by c.created_at desc, c.id desc`,
});

export interface ShownRow {
  connection_id: string;
  link_id: string;
  host_id: string;
  scopes: string[];
  label: string;
  link_state: AppAccount['linkState'];
  host_name: string;
  transfer_scopes: unknown;
}

/** What each of these connections is shown. */
export const SHOWN = defineQuery<ShownRow>({
  name: 'apps_shown_hosts',
  text: `
    select ch.connection_id, ch.link_id, ch.host_id, ch.scopes, l.label, l.state as link_state, h.name as host_name,
      h.transfer_scopes
    from connection_host ch join link l on l.id = ch.link_id join host h on h.id = ch.host_id
    where ch.connection_id = any($1) order by h.name, l.label, ch.link_id`,
});

/**
 * The app of a connection of this owner, whether that connection is live or has ended; null if the app has no live
 * connection. Two queries.
 */
export async function readApp(
  { pool }: Pick<Deps, 'pool'>,
  { id, ownerId }: { id: string; ownerId: string },
): Promise<OwnApp | null> {
  const rows = await run(pool, CONNECTIONS, [ownerId, id]);
  const [newest] = rows;
  if (newest === undefined) return null;
  const shown = await run(pool, SHOWN, [rows.map((row) => row.id)]);
  const rules = new Map(rows.map((row) => [row.id, rulesOf(row)]));
  return {
    id,
    clientId: newest.client_id,
    clientName: newest.client_name,
    selfName: newest.self_name,
    iconId: newest.icon_id,
    clientUri: newest.client_uri,
    redirectUri: newest.redirect_uri,
    isProven: rows.some(({ is_proven: isProven }) => isProven === false) ? false : newest.is_proven,
    connections: rows.map((row) => ({
      id: row.id,
      since: row.created_at,
      until: row.expires_at,
      redirectUri: row.redirect_uri,
      resource: row.resource,
      jkt: row.jkt,
      lastUsed: row.last_used,
      paused: typeof row.paused_until === 'number' ? 'resumed' : row.paused_until,
    })),
    accounts: [...Map.groupBy(shown, ({ link_id: linkId }) => linkId).values()].map((of) => accountOf(of, rules)),
  };
}

/** Rules that cannot be read are an error, never a permission. PROTOCOL §3.2. */
export function rulesOf({ rules }: Pick<ConnectionRow, 'rules'>): readonly Rule[] {
  const read = readRules(rules);
  if (read === null)
    throw new Problem(503, 'Your rules cannot be read right now. Try again in a minute.', { cause: 'rules' });
  return read;
}

/** One account with everything that an app may ask for there, merged from its connections. */
export function accountOf(
  shown: readonly ShownRow[],
  rulesOfConnection: ReadonlyMap<string, readonly Rule[]>,
): AppAccount {
  const [{ link_id: linkId, host_id: hostId, host_name: hostName, label, ...of }] = shown as [ShownRow];
  const { link_state: linkState, transfer_scopes: transferScopes } = of;
  const verdictsOf = new Map<string, (Verdict & { connectionId: string })[]>();
  for (const { connection_id: connectionId, scopes } of shown) {
    const rules = (rulesOfConnection.get(connectionId) ?? []).filter(
      (rule) => rule.linkId === null || rule.linkId === linkId,
    );
    for (const scope of scopes) {
      const verdicts = verdictsOf.get(scope) ?? [];
      verdicts.push({ connectionId, ...evaluate(rules, { connectionId, linkId, scope }) });
      verdictsOf.set(scope, verdicts);
    }
  }
  const scopes = scopeSentences({ transferScopes }, [...verdictsOf.keys()]).map(({ scope, sentence }): AppScope => {
    const verdicts = verdictsOf.get(scope) ?? [];
    const different = new Set(verdicts.map(({ effect }) => effect));
    const [only = null] = different;
    return { scope, sentence, effect: different.size === 1 ? only : null, verdicts };
  });
  return { linkId, hostId, hostName, label, linkState, scopes };
}
