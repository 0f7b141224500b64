import type { OAuthStorage } from '@chatelaine/oauth-server';
import { REQUEST_COLUMNS, type RequestRow, toRequest } from './request-row.ts';
import { type Db, run, type Statement } from './statement.ts';

const REFUSE_REQUEST: Statement = {
  name: 'oauth_refuse_request',
  text: `delete from oauth_request where hash = $1 and client_id = $2 and browser_hash = $3 and expires_at > now()
  returning ${REQUEST_COLUMNS}`,
};

type Input = Parameters<OAuthStorage['refuseRequest']>[0];

export async function refuseRequest(db: Db, input: Input): ReturnType<OAuthStorage['refuseRequest']> {
  const [row] = await run<RequestRow>(db, REFUSE_REQUEST, [input.requestHash, input.clientId, input.browserHash]);
  return row === undefined ? { kind: 'unknown' } : { kind: 'refused', request: toRequest(row) };
}
