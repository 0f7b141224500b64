import type { OAuthStorage, StoredToken } from '@chatelaine/oauth-server';
import { GRANT_ALIVE, GRANT_COLUMNS, type GrantRow, toGrant } from './grant-row.ts';
import { IS_REPLACED } from './use-refresh-token.ts';
import { batched, type Db, type Query, rowsOf, run } from '@chatelaine/postgres';

/** The columns of {@link TOKEN} from which a {@link StoredToken} is read. */
export const TOKEN_COLUMNS = `t.kind, coalesce(t.scope, g.scope) as token_scope, t.jkt as token_jkt, t.audience,
  t.act_iss, t.act_sub, tg.actor_name,
    extract(epoch from t.created_at)::float8 as issued_at, extract(epoch from t.expires_at)::float8 as expires_at,
      ${IS_REPLACED} as is_replaced,
    t.generation, extract(epoch from now())::float8 as read_at,
    ${GRANT_COLUMNS}`;

/** A token `t` with its grant and, at a Host, its transfer grant. */
export const TOKEN = `oauth_token t
  join oauth_grant g on g.bucket = t.bucket and g.id = t.grant_id
  left join oauth_transfer_grant tg on tg.client_id = g.client_id and tg.id = t.transfer_grant_id`;

/**
 * Whether a {@link TOKEN} is alive. That depends on its grant and, at a Host, on its transfer grant and the ceiling:
 * whatever was inserted while one of them was being ended, or the ceiling lowered, is dead as soon as that is
 * committed.
 */
export const TOKEN_LIVES = `t.expires_at > now() and ${GRANT_ALIVE}
    and (t.transfer_grant_id is null or (tg.id is not null and tg.ended_at is null and t.scope <@ g.transfer_scope))`;

const FIND_TOKEN: Query<TokenRow> = {
  name: 'oauth_find_token',
  text: `select ${TOKEN_COLUMNS} from ${TOKEN} where t.bucket = $1 and t.hash = $2 and ${TOKEN_LIVES}`,
};

const FIND_TOKENS: Query<TokenRow & { n: number }> = {
  name: 'oauth_find_tokens',
  text: `select n::int, ${TOKEN_COLUMNS}
  from ${rowsOf(['int', 'bytea'])} as wanted (wanted_bucket, wanted_hash, n), ${TOKEN}
  where t.bucket = wanted_bucket and t.hash = wanted_hash and ${TOKEN_LIVES}`,
};

export type TokenRow = GrantRow & {
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

/** {@link OAuthStorage.findToken}. Concurrent calls share one statement. */
export const tokenFinder = (db: Db): OAuthStorage['findToken'] =>
  batched({
    one: async ({ bucket, hash }) => {
      const [row] = await run(db, FIND_TOKEN, [bucket, hash]);
      return row === undefined ? null : toToken(row);
    },
    many: async (keys) => {
      const found = new Map<number, StoredToken>();
      const values = [keys.map(({ bucket }) => bucket), keys.map(({ hash }) => hash)];
      for (const row of await run(db, FIND_TOKENS, values)) found.set(row.n, toToken(row));
      return keys.map((_, index) => found.get(index + 1) ?? null);
    },
  });

export function toToken(row: TokenRow): StoredToken {
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
