import { query, statement } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import { scopeSentences } from '../hosts/scope-sentences.ts';
import { whoInShort } from '../identity/who.tsx';

/** A question that waits for the owner. */
export interface WaitingAsk {
  readonly id: string;
  readonly clientName: string;
  /** Who that is, in a few words. */
  readonly who: string;
  readonly hostName: string;
  readonly label: string;
  readonly since: Date;
  /** The Host's sentence for each scope. */
  readonly sentences: readonly string[];
}

interface WaitingRow {
  id: string;
  client_id: string;
  client_name: string;
  redirect_uri: string | null;
  host_name: string;
  label: string;
  created_at: Date;
  scopes: string[];
  transfer_scopes: unknown;
}

const WAITING = statement<WaitingRow>({
  name: 'inbox_waiting_asks',
  text: `
    select a.id, c.client_id, c.client_name, c.redirect_uri, h.name as host_name, l.label, a.created_at, a.scopes, h.transfer_scopes
    from ask a join connection c on c.id = a.connection_id and c.owner_id = a.owner_id join host h on h.id = a.host_id
      join link l on l.id = a.link_id and l.owner_id = a.owner_id
    where a.owner_id = $1 and a.state = 'open' and a.expires_at > now() and c.ended_at is null and l.state = 'active'
    order by a.created_at desc limit 100`,
});

/** What needs the owner, newest first. PROTOCOL §3.7. */
export async function readWaitingAsks({ pool }: Pick<Deps, 'pool'>, ownerId: string): Promise<WaitingAsk[]> {
  const rows = await query(pool, WAITING, [ownerId]);
  return rows.map((row) => ({
    id: row.id,
    clientName: row.client_name,
    who: whoInShort({ clientId: row.client_id, redirectUri: row.redirect_uri }),
    hostName: row.host_name,
    label: row.label,
    since: row.created_at,
    sentences: scopeSentences({ transferScopes: row.transfer_scopes }, row.scopes).map(({ sentence }) => sentence),
  }));
}
