import type { OAuthStorage } from '@chatelaine/oauth-server';
import { BURN_GUARDS, BURNED, type BurnedRow, findReplayed, guardValues } from './replay-guards.ts';
import { REQUEST_COLUMNS } from './request-row.ts';
import { type Db, type Query, runForRow } from '@chatelaine/postgres';

const SAVE_REQUEST: Query<BurnedRow & { saved: boolean }> = {
  name: 'oauth_save_request',
  text: `with ${BURN_GUARDS}, saved as (
    insert into oauth_request (hash, client_id, expires_at, ${REQUEST_COLUMNS})
    select $3, $4, now() + $5::float8 * interval '1 second', $6, $7, $8, $9, $10, $11, $12, $13::json, $14, $15
      from fresh
    where (select count(*) from (select from oauth_request r where r.client_id = $4 and r.expires_at > now()
      limit $16) open) < $16
    returning 1
  )
  select ${BURNED}, exists (select from saved) as saved`,
};

type Input = Parameters<OAuthStorage['saveRequest']>[0];

export async function saveRequest(db: Db, input: Input): ReturnType<OAuthStorage['saveRequest']> {
  const { request, guards } = input;
  const row = await runForRow(db, SAVE_REQUEST, [
    ...guardValues(guards),
    input.hash,
    input.clientId,
    input.lifetimeSeconds,
    request.redirectUri,
    request.scope,
    request.transferScope,
    request.state,
    request.codeChallenge,
    request.jkt,
    request.prompt,
    Object.keys(request.extensions).length === 0 ? null : JSON.stringify(request.extensions),
    request.answeredBy,
    request.isAuthenticated,
    input.atOnce,
  ]);
  return findReplayed(guards, row) ?? { kind: row.saved ? 'saved' : 'full' };
}
