import { defineQuery, run } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { iconOf } from '../identity/sql/icons.ts';
import { joinOwnName, shownName } from '../identity/sql/app-names.ts';
import { LIVE_CONNECTIONS } from '../connections/live.ts';
import { IS_PAUSED } from '../connections/sql/paused.ts';
import { IS_NAMED } from '../linking/labels.ts';
import { evaluate } from '../rules/evaluate.ts';
import type { Effect, Rule } from '../rules/rule.ts';
import { JOIN_TERMS, rulesInForce } from '../rules/sql/rules-in-force.ts';
import { type AppAccount, rulesOf } from './app-store.ts';

/** What apps may do at services: a row for each app, a column for each service. */
export interface Board {
  readonly apps: readonly BoardApp[];
  readonly services: readonly BoardService[];
  /** Whether there are more apps or services than the board shows. */
  readonly isCut: boolean;
}

export interface BoardService {
  readonly id: string;
  /** The owner's name for their account there if it is the only one; otherwise the service's own name. */
  readonly name: string;
}

export interface BoardApp {
  /** The id of its newest connection. */
  readonly id: string;
  readonly clientId: string;
  readonly clientName: string;
  readonly iconId: string | null;
  readonly redirectUri: string | null;
  /**
   * `since`: when its oldest connection was made; `until`: when its last connection ends, null if not before it is
   * stopped.
   */
  readonly since: Date;
  readonly until: Date | null;
  /** Whether all its connections are paused. */
  readonly isPaused: boolean;
  /** By the id of the service; a service that the app is not shown is missing. */
  readonly cells: ReadonlyMap<string, Cell>;
}

export interface Cell {
  /** The owner's answer to everything that it may ask for there; `mixed` if the answers differ. */
  readonly answer: Effect | 'mixed';
  readonly isBroken: boolean;
}

/** How many apps and how many services a board shows; a larger one would not be readable. */
const MOST = 60;

interface ConnectionRow {
  id: string;
  client_id: string;
  client_name: string;
  icon_id: string | null;
  redirect_uri: string | null;
  created_at: Date;
  expires_at: Date | null;
  paused: boolean;
  rules: unknown;
}

// every connection of the most recently connected clients
const CONNECTIONS = defineQuery<ConnectionRow>({
  name: 'apps_board_connections',
  text: `
    with client as (
      select c.client_id, max(c.created_at) as newest from ${LIVE_CONNECTIONS} where c.owner_id = $1
      group by c.client_id order by newest desc, c.client_id limit ${MOST + 1}
    )
    select c.id, c.client_id, ${shownName('c')} as client_name, ${iconOf('c')} as icon_id, c.redirect_uri, c.created_at,
      c.expires_at, ${IS_PAUSED} as paused,
      ${rulesInForce({ link: null })} as rules
    from client join ${LIVE_CONNECTIONS} on c.client_id = client.client_id ${joinOwnName('c')} ${JOIN_TERMS}
    where c.owner_id = $1 order by client.newest desc, c.client_id, c.created_at desc, c.id desc limit 1000`,
});

interface ServiceRow extends BoardService {
  /** The state of each of the owner's links to it. */
  links: Readonly<Record<string, 'active' | 'broken'>>;
}

const SERVICES = defineQuery<ServiceRow>({
  name: 'apps_board_services',
  text: `
    select s.* from (
      select h.id, case when count(*) = 1 and bool_and(${IS_NAMED}) then min(l.label) else h.name end as name,
        json_object_agg(l.id, l.state) as links
      from link l join host h on h.id = l.host_id where l.owner_id = $1 and l.state <> 'ended' group by h.id
    ) s order by lower(s.name), s.id limit ${MOST + 1}`,
});

interface ShownRow {
  connection_id: string;
  /** By the id of the link. */
  scopes: Readonly<Record<string, readonly string[]>>;
}

// one row for each connection: one for each cell would be thousands
const SHOWN = defineQuery<ShownRow>({
  name: 'apps_board_shown',
  text: `
    select connection_id, json_object_agg(link_id, scopes) as scopes from connection_host
    where connection_id = any ($1) group by connection_id`,
});

/** An owner's board, with apps and services sorted by name. Three queries. */
export async function readBoard({ pool }: Pick<Deps, 'pool'>, ownerId: string): Promise<Board> {
  const [rows, linked] = await Promise.all([run(pool, CONNECTIONS, [ownerId]), run(pool, SERVICES, [ownerId])]);
  const shown = await run(pool, SHOWN, [rows.map(({ id }) => id)]);
  const scopesOf = new Map(shown.map(({ connection_id: connectionId, scopes }) => [connectionId, scopes]));
  const clients = [...Map.groupBy(rows, ({ client_id: clientId }) => clientId).values()];
  const services = linked.slice(0, MOST);
  const apps = clients.slice(0, MOST).map((of): BoardApp => {
    const [newest] = of as [ConnectionRow];
    const connections = of.map(
      (row): Shown => ({
        id: row.id,
        scopes: scopesOf.get(row.id) ?? {},
        rules: Map.groupBy(rulesOf(row), ({ linkId }) => linkId),
      }),
    );
    return {
      id: newest.id,
      clientId: newest.client_id,
      clientName: newest.client_name,
      iconId: newest.icon_id,
      redirectUri: newest.redirect_uri,
      since: new Date(Math.min(...of.map(({ created_at: at }) => at.getTime()))),
      until: of.every(({ expires_at: at }) => at !== null)
        ? new Date(Math.max(...of.map(({ expires_at: at }) => at?.getTime() ?? 0)))
        : null,
      isPaused: of.every(({ paused }) => paused),
      cells: cellsOf(connections, services),
    };
  });
  return {
    apps: apps.toSorted((a, b) => NAMES.compare(a.clientName, b.clientName)),
    services,
    isCut: clients.length > MOST || linked.length > MOST,
  };
}

const NAMES = new Intl.Collator('en');

/** What a connection may ask for, and the rules for it, both by the link; rules for any link under null. */
interface Shown {
  readonly id: string;
  readonly scopes: ShownRow['scopes'];
  readonly rules: ReadonlyMap<string | null, readonly Rule[]>;
}

/** One cell for each service, however many accounts the owner has there. */
function cellsOf(connections: readonly Shown[], services: readonly ServiceRow[]): ReadonlyMap<string, Cell> {
  const cells = new Map<string, Cell>();
  for (const { id, links } of services) {
    const effects = new Set<Effect>();
    let isBroken = false;
    for (const [linkId, state] of Object.entries(links)) {
      for (const connection of connections) {
        const found = effectsAt(connection, linkId);
        if (found.length > 0) isBroken ||= state === 'broken';
        for (const effect of found) effects.add(effect);
      }
    }
    if (effects.size > 0) cells.set(id, { answer: answerOf(effects), isBroken });
  }
  return cells;
}

/** What is answered for each scope that a connection may ask for by this link. */
function effectsAt({ id: connectionId, scopes, rules }: Shown, linkId: string): readonly Effect[] {
  const atLink = [...(rules.get(null) ?? []), ...(rules.get(linkId) ?? [])];
  return (scopes[linkId] ?? []).map((scope) => evaluate(atLink, { connectionId, linkId, scope }).effect);
}

/** What an app may do with everything that it is shown at one service. */
export function cellOf(accounts: readonly AppAccount[]): Cell {
  const verdicts = accounts.flatMap(({ scopes }) => scopes.flatMap((scope) => scope.verdicts));
  return {
    answer: answerOf(new Set(verdicts.map(({ effect }) => effect))),
    isBroken: accounts.some(({ linkState }) => linkState === 'broken'),
  };
}

function answerOf(effects: ReadonlySet<Effect>): Cell['answer'] {
  const [only = 'mixed'] = effects;
  return effects.size === 1 ? only : 'mixed';
}
