import type { OAuthStorage } from '@chatelaine/oauth-server';
import { type Db, type Query, runForRow } from '@chatelaine/postgres';

/** An SQL function, defined by the migration, so that a service can end a grant within a transaction of its own. */
const END_GRANT: Query<{ ended: boolean }> = {
  name: 'oauth_end_grant',
  text: 'select oauth_end_grant($1, $2) as ended',
};

type Input = Parameters<OAuthStorage['endGrant']>[0];

export async function endGrant(db: Db, input: Input): Promise<boolean> {
  const { ended } = await runForRow(db, END_GRANT, [input.id, input.by]);
  return ended;
}
