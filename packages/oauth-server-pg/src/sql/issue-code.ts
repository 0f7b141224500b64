import type { OAuthStorage } from '@chatelaine/oauth-server';
import { codeAndAnswer } from './code-and-answer.ts';
import { type RequestRow, toRequest } from './request-row.ts';
import { type Db, type Query, run } from '@chatelaine/postgres';

/**
 * Deleting the request is the lock: of two answers to one request, the second finds nothing. `used` updates a
 * registered client's row, so that its deletion and this statement wait for each other (delete-client.ts), and so that
 * the client is not reaped as never used. If a trigger of the service prevents the grant, the request is deleted all
 * the same, as if it had been answered.
 */
const ISSUE_CODE: Query<RequestRow> = {
  name: 'oauth_issue_code',
  text: `with request as (
    delete from oauth_request where hash = $1 and client_id = $2 and browser_hash = $3 and expires_at > now()
    returning *
  ), used as (
    update oauth_client set used_at = now() from request where oauth_client.id = request.client_id
    returning 1
  ), granted as (
    insert into oauth_grant (bucket, id, client_id, subject, scope, transfer_scope, jkt, expires_at, answered_by,
      begun_at, authenticated)
    select $6, $7, client_id, $8, $9, $10, jkt, to_timestamp($11::float8), answered_by, created_at, authenticated
    from request
    returning bucket, id
  ), ${codeAndAnswer({ press: '$12', encrypted: '$13' })}`,
};

type Input = Parameters<OAuthStorage['issueCode']>[0];

export async function issueCode(db: Db, input: Input): ReturnType<OAuthStorage['issueCode']> {
  const { grant } = input;
  const [row] = await run(db, ISSUE_CODE, [
    input.requestHash,
    input.clientId,
    input.browserHash,
    input.codeHash,
    input.codeLifetimeSeconds,
    grant.bucket,
    grant.id,
    grant.subject,
    grant.scope,
    grant.transferScope,
    grant.expiresAt,
    input.answer.press,
    input.answer.encrypted,
  ]);
  return row === undefined ? { kind: 'unknown' } : { kind: 'issued', request: toRequest(row) };
}
