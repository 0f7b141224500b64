import type { OAuthStorage } from '@chatelaine/oauth-server';
import { REQUEST_COLUMNS, type RequestRow, toRequest } from './request-row.ts';
import { type Db, type Query, run } from '@chatelaine/postgres';

const REFUSE_REQUEST: Query<RequestRow> = {
  name: 'oauth_refuse_request',
  text: `with request as (
    delete from oauth_request where hash = $1 and client_id = $2 and browser_hash = $3 and expires_at > now()
    returning *
  ), answered as (
    insert into oauth_answer (hash, client_id, browser_hash, redirect_uri, press, sealed, expires_at)
    select hash, client_id, browser_hash, redirect_uri, $4, $5, expires_at from request
  )
  select ${REQUEST_COLUMNS} from request`,
};

type Input = Parameters<OAuthStorage['refuseRequest']>[0];

export async function refuseRequest(db: Db, input: Input): ReturnType<OAuthStorage['refuseRequest']> {
  const { requestHash, clientId, browserHash, answer } = input;
  const values = [requestHash, clientId, browserHash, answer.press, answer.encrypted];
  const [row] = await run(db, REFUSE_REQUEST, values);
  return row === undefined ? { kind: 'unknown' } : { kind: 'refused', request: toRequest(row) };
}
