import { bucketOf } from '@chatelaine/crypto';
import type { Story, TestDeployment } from './deployment.ts';

export interface Past {
  readonly of: Story;
  readonly linkId?: string;
  /** In UTC. */
  readonly at: string;
  readonly state?: string;
  readonly error?: string;
  readonly times?: number;
  /** Minutes from one to the next. */
  readonly minutes?: number;
}

/** Inserts transfers of the past, the earliest at `at`; their ids. */
export async function writeAsked(
  deployment: TestDeployment,
  { of, linkId, at, state = 'minted', error, times = 1, minutes = 1 }: Past,
): Promise<string[]> {
  const rows = await deployment.rows<{ id: string }>(
    `insert into transfer (bucket, id, owner_id, connection_id, link_id, host_id, client_id, resource, scopes, jkt,
      policy_version, state, error, started_at, closed_at)
     select $1, time_id_from('tr', moment) || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14), $2, $3,
       l.id, l.host_id, $4, 'https://photos.example/api',
       array['photos.read'], 'k', 0, $5, $6, moment, moment
     from link l, (select $7::timestamptz + n * $9 * interval '1 minute' as moment
       from generate_series(0, $8 - 1) n) past where l.id = $10 returning id`,
    [
      bucketOf(of.owner.id),
      of.owner.id,
      of.connection.id,
      of.requester.clientId,
      state,
      error ?? null,
      at,
      times,
      minutes,
      linkId ?? of.linkId,
    ],
  );
  return rows.map(({ id }) => id);
}
