import type { OAuthStorage, ReadAnswer } from '@chatelaine/oauth-server';
import { GRANT_ALIVE } from './grant-row.ts';
import { type Db, type Query, run } from '@chatelaine/postgres';

/** An answer without a code is a refusal, which holds nothing that could have been used. */
const READ_ANSWER: Query<Row> = {
  name: 'oauth_read_answer',
  text: `select a.redirect_uri, a.press,
    case when a.answered_at > now() - $4::float8 * interval '1 second' and (a.code_hash is null or exists (
      select from oauth_code c join oauth_grant g on g.bucket = c.bucket and g.id = c.grant_id
      where c.bucket = a.code_bucket and c.hash = a.code_hash
        and c.used_at is null and c.spoiled_at is null and c.expires_at > now() and ${GRANT_ALIVE}
    )) then a.sealed end as sealed
  from oauth_answer a
  where a.hash = $1 and a.client_id = $2 and a.browser_hash = $3 and a.expires_at > now()`,
};

interface Row {
  redirect_uri: string;
  press: Buffer;
  sealed: Buffer | null;
}

type Input = Parameters<OAuthStorage['readAnswer']>[0];

export async function readAnswer(db: Db, input: Input): Promise<ReadAnswer> {
  const values = [input.requestHash, input.clientId, input.browserHash, input.withinSeconds];
  const [row] = await run(db, READ_ANSWER, values);
  return row === undefined
    ? { kind: 'unknown' }
    : { kind: 'answered', redirectUri: row.redirect_uri, press: row.press, encrypted: row.sealed };
}
