import type { OAuthStorage } from '@chatelaine/oauth-server';
import { type Db, type Query, run } from '@chatelaine/postgres';

const KEEP_FORM: Query = {
  name: 'oauth_keep_form',
  text: `update oauth_request set form = $4 where hash = $1 and client_id = $2 and browser_hash = $3
    and expires_at > now()`,
};

export async function keepForm(db: Db, input: Parameters<OAuthStorage['keepForm']>[0]): Promise<void> {
  await run(db, KEEP_FORM, [input.hash, input.clientId, input.browserHash, input.form]);
}
