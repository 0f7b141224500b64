import type { OAuthStorage } from '@chatelaine/oauth-server';
import { LIMIT } from '@chatelaine/protocol';
import { BURN_GUARDS, BURNED, type BurnedRow, findReplayed, guardValues } from './replay-guards.ts';
import { type Db, type Query, runForRow } from '@chatelaine/postgres';

/**
 * An unknown transfer grant leaves a tombstone, at which a first mint that is still under way fails. A client without a
 * link needs none, because nothing is minted for it. The others may leave a limited number of tombstones, and more for
 * each of their links. A known transfer grant is ended whatever that number is.
 */
const END_TRANSFER_GRANT: Query<Row> = {
  name: 'oauth_end_transfer_grant',
  text: `with ${BURN_GUARDS}, client as materialized (
    select exists (select from oauth_transfer_grant where client_id = $3 and id = $4) as knows,
      exists (select from oauth_grant where client_id = $3 and ended_at is null) as has_link,
      (select count(*)::int from oauth_transfer_grant where client_id = $3 and grant_id is null) as tombstones
    from fresh
  ), room as materialized (
    select knows, has_link, tombstones < $5::int or exists (
        select from oauth_grant where client_id = $3
          and ended_at is null offset greatest(0, (tombstones - $5::int) / $6::int) limit 1
      ) as has_room
    from client
  ), ended as (
    insert into oauth_transfer_grant as tg (client_id, id, ended_at) select $3, $4, now() from room
      where knows or (has_link and has_room)
    on conflict (client_id, id) do update set ended_at = excluded.ended_at where tg.ended_at is null
  )
  select ${BURNED}, exists (select from room where has_link and not knows and not has_room) as crowded`,
};

type Row = BurnedRow & { crowded: boolean };
type Input = Parameters<OAuthStorage['endTransferGrant']>[0];

export async function endTransferGrant(db: Db, input: Input): ReturnType<OAuthStorage['endTransferGrant']> {
  const { guards, clientId, transferGrantId } = input;
  const limits = [LIMIT.unknownEndsPerClient, LIMIT.unknownEndsPerLink];
  const row = await runForRow(db, END_TRANSFER_GRANT, [...guardValues(guards), clientId, transferGrantId, ...limits]);
  return findReplayed(guards, row) ?? (row.crowded ? { kind: 'too_many' } : { kind: 'ended' });
}
