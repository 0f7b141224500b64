import { defineQuery, run } from '@chatelaine/postgres';
import { keyPart, type Part, partOf } from '@chatelaine/ui';
import { z } from 'zod';
import type { Deps } from '../deps.ts';
import { mintedLately, newestKeyDies } from '../links/keys-alive.ts';
import type { RevocationAtHost } from '../links/revocation-status.tsx';

/** A link that has ended, and the status of its revocation at the Host. */
export interface EndedLink {
  readonly id: string;
  readonly label: string;
  readonly endedAt: Date;
  /** Whether another link replaced it. */
  readonly replaced: boolean;
  readonly host: RevocationAtHost;
}

/** When a link ended, and its id: a position in the list. */
export const endedLinkKeySchema = z.tuple([keyPart.time, keyPart.text]).readonly();
export type EndedLinkKey = z.infer<typeof endedLinkKeySchema>;

interface EndedRow {
  id: string;
  label: string;
  ended_at: Date;
  replaced: boolean;
  host_name: string;
  state: RevocationAtHost['state'];
  attempts: number;
  tried_at: Date | null;
  keys_die_at: Date | null;
}

const PART = defineQuery<EndedRow>({
  name: 'hosts_ended_links',
  text: `
    select l.id, l.label, l.ended_at, h.name as host_name, r.state, r.attempts, r.tried_at,
      exists (select from link other where other.replaces = l.id and other.owner_id = l.owner_id) as replaced,
      (select ${newestKeyDies('m')} from transfer m where ${mintedLately('m')} and m.link_id = l.id) as keys_die_at
    from revocation r join link l on l.id = r.link_id and l.owner_id = r.owner_id join host h on h.id = r.host_id
    where r.owner_id = $1 and r.grant_id is null and l.ended_at is not null and (l.ended_at > now() - interval '7 days'
      or r.state <> 'confirmed')
      and (l.ended_at, l.id) < (coalesce($2::timestamptz, 'infinity'), $3)
    order by l.ended_at desc, l.id desc limit $4`,
});

/**
 * A page of the links that ended in the last week, or whose revocation their Host has not confirmed; newest first.
 * PROTOCOL §7.
 */
export async function readEndedLinks(
  { pool }: Pick<Deps, 'pool'>,
  { ownerId, after, most }: { ownerId: string; after: EndedLinkKey | null; most: number },
): Promise<Part<EndedLink, EndedLinkKey>> {
  const [at, id] = after === null ? [null, ''] : [new Date(after[0]), after[1]];
  const rows = await run(pool, PART, [ownerId, at, id, most + 1]);
  const { entries, next } = partOf(rows, { most, keyOf: (row): EndedLinkKey => [row.ended_at.getTime(), row.id] });
  return {
    entries: entries.map(
      ({ ended_at: endedAt, host_name: hostName, tried_at: triedAt, keys_die_at: keysDieAt, ...row }) => ({
        id: row.id,
        label: row.label,
        endedAt,
        replaced: row.replaced,
        host: { hostName, state: row.state, attempts: row.attempts, triedAt, keysDieAt },
      }),
    ),
    next,
  };
}
