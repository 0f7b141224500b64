import type { StoredCode, TokenKey } from '@chatelaine/oauth-server';
import { GRANT_ALIVE, GRANT_COLUMNS, type GrantRow, toGrant } from './grant-row.ts';
import { type Db, type Query, run } from '@chatelaine/postgres';

const READ_CODE: Query<Row> = {
  name: 'oauth_read_code',
  text: `select c.redirect_uri, c.code_challenge, c.jkt as code_jkt, ${GRANT_COLUMNS},
    c.used_at is null and c.spoiled_at is null and c.expires_at > now() and ${GRANT_ALIVE} as is_open
  from oauth_code c join oauth_grant g on g.bucket = c.bucket and g.id = c.grant_id
  where c.bucket = $1 and c.hash = $2`,
};

type Row = GrantRow & {
  redirect_uri: string;
  code_challenge: string | null;
  code_jkt: string | null;
  is_open: boolean;
};

export async function readCode(db: Db, key: TokenKey): Promise<StoredCode | null> {
  const [row] = await run(db, READ_CODE, [key.bucket, key.hash]);
  if (row === undefined) return null;
  return {
    clientId: row.client_id,
    redirectUri: row.redirect_uri,
    codeChallenge: row.code_challenge,
    jkt: row.code_jkt,
    grant: toGrant(row),
    isOpen: row.is_open,
  };
}
