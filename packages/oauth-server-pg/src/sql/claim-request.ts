import type { ClaimOutcome, OAuthStorage } from '@chatelaine/oauth-server';
import { REQUEST_COLUMNS, type RequestRow, toRequest } from './request-row.ts';
import { type Db, type Query, run } from '@chatelaine/postgres';

/** The time for sign-in and consent starts when the request is first opened; opening it again does not prolong it. */
const CLAIM_REQUEST: Query<RequestRow & { expires_at: number; begun_at: number; form: string | null }> = {
  name: 'oauth_claim_request',
  text: `update oauth_request set
    browser_hash = $3,
    expires_at = case when browser_hash is null then now() + $4::float8 * interval '1 second' else expires_at end
  where hash = $1 and client_id = $2 and expires_at > now() and (browser_hash is null or browser_hash = $3)
  returning ${REQUEST_COLUMNS}, form, extract(epoch from expires_at)::float8 as expires_at,
    extract(epoch from created_at)::float8 as begun_at`,
};

type Input = Parameters<OAuthStorage['claimRequest']>[0];

export async function claimRequest(db: Db, input: Input): Promise<ClaimOutcome> {
  const values = [input.hash, input.clientId, input.browserHash, input.lifetimeSeconds];
  const [row] = await run(db, CLAIM_REQUEST, values);
  return row === undefined
    ? { kind: 'unknown' }
    : { kind: 'claimed', request: toRequest(row), expiresAt: row.expires_at, begunAt: row.begun_at, form: row.form };
}
