import { defineQuery, run, runOne } from '@chatelaine/postgres';
import { keyPart, type Part, partOf } from '@chatelaine/service-kit';
import { z } from 'zod';
import type { Deps } from '../deps.ts';
import { scopeSentences } from '../links/scope-sentences.ts';
import type { Who } from '../identity/who.tsx';
import { evaluate } from '../rules/evaluate.ts';
import type { Effect } from '../rules/rule.ts';

/** A live connection as its owner sees it. */
export interface OwnConnection extends Who {
  readonly id: string;
  readonly since: Date;
  /** Null: until the owner stops it. */
  readonly until: Date | null;
  /** Of an app that speaks no token exchange: the one resource it is for. */
  readonly resource: string | null;
  readonly hosts: readonly ShownHost[];
}

export interface ShownHost {
  readonly linkId: string;
  readonly hostName: string;
  /** Which of the owner's accounts there. */
  readonly label: string;
  readonly linkState: 'active' | 'broken' | 'ended';
  readonly scopes: readonly { readonly scope: string; readonly sentence: string; readonly effect: Effect }[];
}

/** When a connection was made, and its id. */
export const connectionKeySchema = z.tuple([keyPart.time, keyPart.text]).readonly();
export type ConnectionKey = z.infer<typeof connectionKeySchema>;

interface ConnectionRow {
  id: string;
  client_id: string;
  client_name: string;
  client_uri: string | null;
  redirect_uri: string | null;
  is_proven: boolean | null;
  created_at: Date;
  expires_at: Date | null;
  resource: string | null;
}

// a connection without its kernel's grant was never agreed to
const LIVE = `
  select c.id, c.client_id, c.client_name, c.client_uri, c.redirect_uri, c.is_proven, c.created_at, c.expires_at, c.resource
  from connection c join oauth_grant g on g.id = c.id and g.subject = c.owner_id
  where c.owner_id = $1 and c.ended_at is null and g.ended_at is null and (c.expires_at is null or c.expires_at > now())`;

const PART = defineQuery<ConnectionRow>({
  name: 'requesters_live',
  text: `${LIVE} and (c.created_at, c.id) < (coalesce($2::timestamptz, 'infinity'), $3) order by c.created_at desc, c.id desc limit $4`,
});
const ONE = defineQuery<ConnectionRow>({ name: 'requesters_live_one', text: `${LIVE} and c.id = $2` });

type StoreDeps = Pick<Deps, 'pool'>;

/** Some of the owner's live connections, newest first. */
export async function readConnections(
  deps: StoreDeps,
  { ownerId, after, most }: { ownerId: string; after: ConnectionKey | null; most: number },
): Promise<Part<OwnConnection, ConnectionKey>> {
  const [at, id] = after === null ? [null, ''] : [new Date(after[0]), after[1]];
  const rows = await run(deps.pool, PART, [ownerId, at, id, most + 1]);
  const { entries, next } = partOf(rows, { most, keyOf: (row): ConnectionKey => [row.created_at.getTime(), row.id] });
  return { entries: await withHosts(deps, { ownerId, rows: entries }), next };
}

/** A live connection of this owner, or null. */
export async function readConnection(
  deps: StoreDeps,
  { id, ownerId }: { id: string; ownerId: string },
): Promise<OwnConnection | null> {
  const row = await runOne(deps.pool, ONE, [ownerId, id]);
  if (row === null) return null;
  const [connection] = await withHosts(deps, { ownerId, rows: [row] });
  return connection ?? null;
}

interface ShownRow {
  connection_id: string;
  link_id: string;
  scopes: string[];
  label: string;
  link_state: ShownHost['linkState'];
  host_name: string;
  transfer_scopes: unknown;
}

const SHOWN = defineQuery<ShownRow>({
  name: 'requesters_shown_hosts',
  text: `
    select ch.connection_id, ch.link_id, ch.scopes, l.label, l.state as link_state, h.name as host_name, h.transfer_scopes
    from connection_host ch join link l on l.id = ch.link_id join host h on h.id = ch.host_id
    where ch.connection_id = any($1) order by l.label, ch.link_id`,
});

const RULES = defineQuery<{
  connection_id: string | null;
  link_id: string | null;
  scope: string | null;
  effect: Effect;
}>({
  name: 'requesters_rules',
  text: `
      select connection_id, link_id, scope, effect from rule
      where owner_id = $1 and (connection_id is null or connection_id = any($2)) and (expires_at is null or expires_at > now())`,
});

/** Each with what it is shown, and the owner's answers; two statements, however many there are. */
async function withHosts(
  { pool }: StoreDeps,
  { ownerId, rows }: { ownerId: string; rows: readonly ConnectionRow[] },
): Promise<OwnConnection[]> {
  const ids = rows.map(({ id }) => id);
  const [shown, stored] = await Promise.all([run(pool, SHOWN, [ids]), run(pool, RULES, [ownerId, ids])]);
  const shownTo = Map.groupBy(shown, ({ connection_id: id }) => id);
  const rules = Map.groupBy(
    stored.map(({ connection_id: connectionId, link_id: linkId, scope, effect }) => ({
      connectionId,
      linkId,
      scope,
      effect,
    })),
    ({ connectionId }) => connectionId,
  );
  return rows.map((row) => {
    const own = [...(rules.get(row.id) ?? []), ...(rules.get(null) ?? [])];
    return {
      id: row.id,
      clientId: row.client_id,
      clientName: row.client_name,
      clientUri: row.client_uri,
      redirectUri: row.redirect_uri,
      isProven: row.is_proven,
      since: row.created_at,
      until: row.expires_at,
      resource: row.resource,
      hosts: (shownTo.get(row.id) ?? [])
        .map((host) => ({
          linkId: host.link_id,
          hostName: host.host_name,
          label: host.label,
          linkState: host.link_state,
          scopes: scopeSentences({ transferScopes: host.transfer_scopes }, host.scopes).map((one) => ({
            ...one,
            effect: evaluate(own, { connectionId: row.id, linkId: host.link_id, scope: one.scope }),
          })),
        }))
        .toSorted((a, b) => a.hostName.localeCompare(b.hostName)),
    };
  });
}
