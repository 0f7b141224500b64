import type { OAuthStorage } from '@chatelaine/oauth-server';
import { type Db, type Query, run } from '@chatelaine/postgres';

/**
 * Like issue-code.ts, for a consent that no authorization request preceded. Its client is identified by a document and
 * has no row, so no row is locked.
 */
const GRANT_CODE: Query = {
  name: 'oauth_grant_code',
  text: `with granted as (
    insert into oauth_grant (bucket, id, client_id, subject, scope, transfer_scope, expires_at)
    values ($1, $2, $3, $4, $5, $6, to_timestamp($7::float8))
    returning bucket, id, client_id
  )
  insert into oauth_code (bucket, hash, grant_id, client_id, redirect_uri, code_challenge, expires_at)
  select bucket, $8, id, client_id, $9, $10, now() + $11::float8 * interval '1 second' from granted`,
};

type Input = Parameters<OAuthStorage['grantCode']>[0];

export async function grantCode(db: Db, input: Input): Promise<void> {
  const { grant } = input;
  await run(db, GRANT_CODE, [
    grant.bucket,
    grant.id,
    input.clientId,
    grant.subject,
    grant.scope,
    grant.transferScope,
    grant.expiresAt,
    input.codeHash,
    input.redirectUri,
    input.codeChallenge,
    input.codeLifetimeSeconds,
  ]);
}
