import { defineQuery, run } from '@chatelaine/postgres';
import { keyPart, type Part, partOf } from '@chatelaine/ui';
import { z } from 'zod';
import type { Deps } from '../deps.ts';
import { joinOwnName, shownName } from '../identity/sql/app-names.ts';
import { scopeSentences } from '../links/scope-sentences.ts';
import { whoInShort } from '../identity/who.tsx';

/** A question that waits for the owner's answer. */
export interface WaitingAsk {
  readonly id: string;
  readonly clientName: string;
  /** Who the client is, in a few words. */
  readonly who: string;
  readonly hostName: string;
  readonly label: string;
  readonly since: Date;
  /** The Host's sentence for each scope. */
  readonly sentences: readonly string[];
}

/** When a question was asked, and its id. */
export const askKeySchema = z.tuple([keyPart.time, keyPart.text]).readonly();
export type AskKey = z.infer<typeof askKeySchema>;

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

const WAITING = defineQuery<WaitingRow>({
  name: 'inbox_waiting_asks',
  text: `
    select a.id, c.client_id, ${shownName('c')} as client_name, c.redirect_uri, h.name as host_name, l.label,
      a.created_at, a.scopes, h.transfer_scopes
    from ask a join connection c on c.id = a.connection_id and c.owner_id = a.owner_id ${joinOwnName('c')}
      join host h on h.id = a.host_id
      join link l on l.id = a.link_id and l.owner_id = a.owner_id
    where a.owner_id = $1 and a.state = 'open' and a.expires_at > now() and c.ended_at is null and l.state = 'active'
      and (a.created_at, a.id) < (coalesce($2::timestamptz, 'infinity'), $3)
    order by a.created_at desc, a.id desc limit $4`,
});

/** Some of the owner's open questions, newest first. PROTOCOL §3.7. */
export async function readWaitingAsks(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, after, most }: { ownerId: string; after: AskKey | null; most: number },
): Promise<Part<WaitingAsk, AskKey>> {
  const [at, id] = after === null ? [null, ''] : [new Date(after[0]), after[1]];
  const rows = await run(pool, WAITING, [ownerId, at, id, most + 1]);
  const { entries, next } = partOf(rows, { most, keyOf: (row): AskKey => [row.created_at.getTime(), row.id] });
  const asks = entries.map((row) => ({
    id: row.id,
    clientName: row.client_name,
    who: whoInShort({ clientId: row.client_id, redirectUri: row.redirect_uri }),
    hostName: row.host_name,
    label: row.label,
    since: row.created_at,
    sentences: scopeSentences({ transferScopes: row.transfer_scopes }, row.scopes).map(({ sentence }) => sentence),
  }));
  return { entries: asks, next };
}
