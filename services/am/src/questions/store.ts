import { bucketOf } from '@chatelaine/crypto';
import { defineQuery, runOne } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { iconOf } from '../identity/sql/icons.ts';
import { joinOwnName, shownName } from '../identity/sql/app-names.ts';
import { scopeSentences } from '../links/scope-sentences.ts';
import type { Who } from '../identity/who.tsx';
import { JOIN_TERMS } from '../rules/sql/rules-in-force.ts';

export interface OpenAsk extends Who {
  readonly id: string;
  readonly connectionId: string;
  readonly linkId: string;
  /** Thumbprint of the connection's key. */
  readonly jkt: string | null;
  /** The name of the terms that the app has signed; null if it has signed none. */
  readonly terms: string | null;
  readonly hostName: string;
  readonly label: string;
  readonly purpose: string | null;
  readonly scopes: readonly { readonly scope: string; readonly sentence: string }[];
  /** Whether the Requester's deferred request waits for the answer, and goes on by itself. */
  readonly isWaitedFor: boolean;
}

interface AskRow {
  id: string;
  connection_id: string;
  link_id: string;
  client_id: string;
  client_name: string;
  self_name: string;
  icon_id: string | null;
  client_uri: string | null;
  redirect_uri: string | null;
  is_proven: boolean | null;
  jkt: string | null;
  terms: string | null;
  host_name: string;
  label: string;
  purpose: string | null;
  scopes: string[];
  transfer_scopes: unknown;
  is_waited_for: boolean;
}

const FIND = defineQuery<AskRow>({
  name: 'inbox_find_open_ask',
  text: `
    select a.id, a.connection_id, a.link_id, c.client_id, ${shownName('c')} as client_name,
      c.client_name as self_name, ${iconOf('c')} as icon_id, c.client_uri, c.redirect_uri, c.is_proven,
      g.jkt, p.accepted as terms,
      h.name as host_name, l.label, a.purpose, a.scopes, h.transfer_scopes,
      exists (select from deferral d where d.ask_id = a.id and d.ended_at is null and d.expires_at > now())
        as is_waited_for
    from ask a
      join connection c on c.id = a.connection_id and c.owner_id = a.owner_id and c.ended_at is null
        and (c.expires_at is null or c.expires_at > now())
      ${joinOwnName('c')}
      join oauth_grant g on g.bucket = $3 and g.id = c.id and g.ended_at is null ${JOIN_TERMS}
      join link l on l.id = a.link_id and l.owner_id = a.owner_id and l.state = 'active'
      join host h on h.id = a.host_id
    where a.id = $1 and a.owner_id = $2 and a.state = 'open' and a.expires_at > now()`,
});

/** An open question of this owner; null if it is another owner's, has been answered, or does not exist. */
export async function findOpenAsk(
  { pool }: Pick<Deps, 'pool'>,
  input: { id: string; ownerId: string },
): Promise<OpenAsk | null> {
  const row = await runOne(pool, FIND, [input.id, input.ownerId, bucketOf(input.ownerId)]);
  if (row === null) return null;
  return {
    id: row.id,
    connectionId: row.connection_id,
    linkId: row.link_id,
    clientId: row.client_id,
    clientName: row.client_name,
    selfName: row.self_name,
    iconId: row.icon_id,
    clientUri: row.client_uri,
    redirectUri: row.redirect_uri,
    isProven: row.is_proven,
    jkt: row.jkt,
    terms: row.terms,
    hostName: row.host_name,
    label: row.label,
    purpose: row.purpose,
    scopes: scopeSentences({ transferScopes: row.transfer_scopes }, row.scopes),
    isWaitedFor: row.is_waited_for,
  };
}
