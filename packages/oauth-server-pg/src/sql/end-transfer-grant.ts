import type { OAuthStorage } from '@chatelaine/oauth-server';
import { BURN_GUARDS, BURNED, type BurnedRow, findReplayed, guardValues } from './replay-guards.ts';
import { type Db, runForRow, type Statement } from './statement.ts';

/** An unknown one leaves a tombstone, on which a first mint still under way founders. */
const END_TRANSFER_GRANT: Statement = {
  name: 'oauth_end_transfer_grant',
  text: `with ${BURN_GUARDS}, ended as (
    insert into oauth_transfer_grant as tg (client_id, id, ended_at) select $3, $4, now() from fresh
    on conflict (client_id, id) do update set ended_at = excluded.ended_at where tg.ended_at is null
  )
  select ${BURNED}`,
};

type Input = Parameters<OAuthStorage['endTransferGrant']>[0];

export async function endTransferGrant(db: Db, input: Input): ReturnType<OAuthStorage['endTransferGrant']> {
  const values = [...guardValues(input.guards), input.clientId, input.transferGrantId];
  const row = await runForRow<BurnedRow>(db, END_TRANSFER_GRANT, values);
  return findReplayed(input.guards, row) ?? { kind: 'ended' };
}
