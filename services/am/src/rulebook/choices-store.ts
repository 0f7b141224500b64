import { defineQuery, run } from '@chatelaine/postgres';
import { LIVE_CONNECTIONS } from '../connections/live.ts';
import type { Deps } from '../deps.ts';
import { joinOwnName, shownName } from '../identity/sql/app-names.ts';
import { scopeSentences } from '../links/scope-sentences.ts';

/** An app for which a request can be tried. */
export interface TriedApp {
  /** Its newest connection. */
  readonly id: string;
  readonly clientName: string;
}

/** A scope at one account that can be tried. */
export interface TriedThing {
  readonly linkId: string;
  readonly label: string;
  readonly hostName: string;
  readonly hostIssuer: string;
  readonly resources: readonly string[];
  readonly scope: string;
  readonly sentence: string;
}

export interface TriedChoices {
  readonly apps: readonly TriedApp[];
  readonly things: readonly TriedThing[];
}

/** How many can be selected; for other apps, the app's page links here. */
const MOST_APPS = 200;
const MOST_ACCOUNTS = 200;

const APPS = defineQuery<{ id: string; client_name: string }>({
  name: 'rulebook_apps',
  text: `
    select n.id, ${shownName('n')} as client_name from (
      select (array_agg(c.id order by c.created_at desc, c.id desc))[1] as id, max(c.created_at) as newest
      from ${LIVE_CONNECTIONS} where c.owner_id = $1 group by c.client_id order by newest desc limit ${MOST_APPS}
    ) one join connection n on n.id = one.id ${joinOwnName('n')} order by lower(${shownName('n')}), n.id`,
});
interface AccountRow {
  id: string;
  label: string;
  transfer_scope: string[];
  name: string;
  issuer: string;
  resources: string[];
  transfer_scopes: unknown;
}
const ACCOUNTS = defineQuery<AccountRow>({
  name: 'rulebook_accounts',
  text: `
    select l.id, l.label, l.transfer_scope, h.name, h.issuer, h.resources, h.transfer_scopes
    from link l join host h on h.id = l.host_id
    where l.owner_id = $1 and l.state <> 'ended' order by lower(h.name), h.id, l.created_at, l.id
      limit ${MOST_ACCOUNTS}`,
});

/** What this owner can try: their apps, and what each of their accounts can pass on. */
export async function readTriedChoices({ pool }: Pick<Deps, 'pool'>, ownerId: string): Promise<TriedChoices> {
  const [apps, accounts] = await Promise.all([run(pool, APPS, [ownerId]), run(pool, ACCOUNTS, [ownerId])]);
  return {
    apps: apps.map(({ id, client_name: clientName }) => ({ id, clientName })),
    things: accounts.flatMap(({ id: linkId, label, name: hostName, issuer: hostIssuer, resources, ...row }) =>
      scopeSentences({ transferScopes: row.transfer_scopes }, row.transfer_scope).map((one) => ({
        linkId,
        label,
        hostName,
        hostIssuer,
        resources,
        ...one,
      })),
    ),
  };
}
