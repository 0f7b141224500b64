import type { StoredToken, TokenKey } from '@chatelaine/oauth-server';
import { GRANT_ALIVE, GRANT_COLUMNS, type GrantRow, toGrant } from './grant-row.ts';
import { IS_REPLACED } from './renew.ts';
import { type Db, type Query, run } from '@chatelaine/postgres';

/**
 * A token lives only through its grant and, at a Host, through its transfer grant: whatever was inserted while one of them was being ended
 * is dead from the moment the end is committed.
 */
const FIND_TOKEN: Query<Row> = {
  name: 'oauth_find_token',
  text: `select t.kind, coalesce(t.scope, g.scope) as token_scope, t.jkt as token_jkt, t.audience, t.act_iss, t.act_sub, tg.actor_name,
    extract(epoch from t.created_at)::float8 as issued_at, extract(epoch from t.expires_at)::float8 as expires_at, ${IS_REPLACED} as is_replaced,
    t.generation, extract(epoch from now())::float8 as read_at,
    ${GRANT_COLUMNS}
  from oauth_token t
  join oauth_grant g on g.bucket = t.bucket and g.id = t.grant_id
  left join oauth_transfer_grant tg on tg.client_id = g.client_id and tg.id = t.transfer_grant_id
  where t.bucket = $1 and t.hash = $2 and t.expires_at > now() and ${GRANT_ALIVE}
    and (t.transfer_grant_id is null or (tg.id is not null and tg.ended_at is null))`,
};

type Row = GrantRow & {
  kind: StoredToken['kind'];
  token_scope: string[];
  token_jkt: string | null;
  audience: string | null;
  act_iss: string | null;
  act_sub: string | null;
  actor_name: string | null;
  is_replaced: boolean;
  generation: number | null;
  read_at: number;
  issued_at: number;
  expires_at: number;
};

export async function findToken(db: Db, key: TokenKey): Promise<StoredToken | null> {
  const [row] = await run(db, FIND_TOKEN, [key.bucket, key.hash]);
  if (row === undefined) return null;
  return {
    kind: row.kind,
    grant: toGrant(row),
    scope: row.token_scope,
    issuedAt: row.issued_at,
    expiresAt: row.expires_at,
    jkt: row.token_jkt,
    audience: row.audience,
    act: row.act_iss === null || row.act_sub === null ? null : { iss: row.act_iss, sub: row.act_sub },
    actorName: row.actor_name,
    isReplaced: row.is_replaced,
    generation: row.generation,
    readAt: row.read_at,
  };
}
