import type { OAuthStorage } from '@chatelaine/oauth-server';
import { BURN_GUARDS, BURNED, type BurnedRow, findReplayed, guardValues } from './replay-guards.ts';
import { type Db, type Query, runForRow } from '@chatelaine/postgres';

/**
 * Even an expired token may be revoked: a refresh token ends its grant if that is alive, however long the token was not
 * used.
 */
const REVOKE_TOKEN: Query<Row> = {
  name: 'oauth_revoke_token',
  text: `with ${BURN_GUARDS}, token as materialized (
    select t.bucket, t.hash, t.kind, t.grant_id
    from oauth_token t join oauth_grant g on g.bucket = t.bucket and g.id = t.grant_id, fresh
    where t.bucket = $3 and t.hash = $4 and g.client_id = $5
  ), removed as (
    delete from oauth_token t using token where token.kind <> 'rt' and t.bucket = token.bucket and t.hash = token.hash
  ), ended as (
    update oauth_grant g set ended_at = now(), ended_by = 'client'
    from token where token.kind = 'rt' and g.bucket = token.bucket and g.id = token.grant_id and g.ended_at is null
    returning g.id, g.subject
  )
  select ${BURNED}, exists (select from token) as known, ended.id, ended.subject
  from (values (1)) as always left join ended on true`,
};

type Row = BurnedRow & { known: boolean } & ({ id: string; subject: string } | { id: null; subject: null });
type Input = Parameters<OAuthStorage['revokeToken']>[0];

export async function revokeToken(db: Db, input: Input): ReturnType<OAuthStorage['revokeToken']> {
  const { key, guards } = input;
  const values = [...guardValues(guards), key.bucket, key.hash, input.clientId];
  const row = await runForRow(db, REVOKE_TOKEN, values);
  const replayed = findReplayed(guards, row);
  if (replayed !== null) return replayed;
  if (!row.known) return { kind: 'unknown' };
  return { kind: 'revoked', endedGrant: row.id === null ? null : { id: row.id, subject: row.subject } };
}
