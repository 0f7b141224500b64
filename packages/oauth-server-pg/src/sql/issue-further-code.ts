import type { OAuthStorage } from '@chatelaine/oauth-server';
import { type Db, type Query, run } from '@chatelaine/postgres';
import { codeAndAnswer } from './code-and-answer.ts';
import { GRANT_ALIVE } from './grant-row.ts';
import { type RequestRow, toRequest } from './request-row.ts';

/**
 * As in issue-code.ts, deleting the request is the lock. The request stays if the grant does not fit it: if the grant
 * is another client's or owner's, has ended, is bound to another key than the code will be, or was requested by a
 * client that authenticated, which this one has not. If a trigger of the service on `begun_at` prevents the use of the
 * grant, the request is deleted all the same.
 */
const ISSUE_FURTHER_CODE: Query<RequestRow> = {
  name: 'oauth_issue_further_code',
  text: `with request as (
    delete from oauth_request r using oauth_grant g
    where r.hash = $1 and r.client_id = $2 and r.browser_hash = $3 and r.expires_at > now()
      and g.bucket = $6 and g.id = $7 and g.subject = $8 and ${GRANT_ALIVE} and g.client_id = r.client_id
        and g.jkt = r.jkt
      and g.answered_by is not distinct from r.answered_by and (r.authenticated or not g.authenticated)
    returning r.*, g.bucket as grant_bucket, g.id as grant_id
  ), granted as (
    update oauth_grant g set begun_at = request.created_at from request
    where g.bucket = request.grant_bucket and g.id = request.grant_id and ${GRANT_ALIVE}
    returning g.bucket, g.id
  ), ${codeAndAnswer({ press: '$9', encrypted: '$10' })}`,
};

type Input = Parameters<OAuthStorage['issueFurtherCode']>[0];

export async function issueFurtherCode(db: Db, input: Input): ReturnType<OAuthStorage['issueFurtherCode']> {
  const { grant, answer } = input;
  const [row] = await run(db, ISSUE_FURTHER_CODE, [
    input.requestHash,
    input.clientId,
    input.browserHash,
    input.codeHash,
    input.codeLifetimeSeconds,
    grant.bucket,
    grant.id,
    grant.subject,
    answer.press,
    answer.encrypted,
  ]);
  return row === undefined ? { kind: 'unknown' } : { kind: 'issued', request: toRequest(row) };
}
