import type { StoredCode, TokenKey } from '@chatelaine/oauth-server';
import { type Db, run, type Statement } from './statement.ts';

const READ_CODE: Statement = {
  name: 'oauth_read_code',
  text: 'select client_id, redirect_uri, code_challenge, jkt from oauth_code where bucket = $1 and hash = $2',
};

interface Row {
  client_id: string;
  redirect_uri: string;
  code_challenge: string | null;
  jkt: string | null;
}

export async function readCode(db: Db, key: TokenKey): Promise<StoredCode | null> {
  const [row] = await run<Row>(db, READ_CODE, [key.bucket, key.hash]);
  if (row === undefined) return null;
  return {
    clientId: row.client_id,
    redirectUri: row.redirect_uri,
    codeChallenge: row.code_challenge,
    jkt: row.jkt,
  };
}
