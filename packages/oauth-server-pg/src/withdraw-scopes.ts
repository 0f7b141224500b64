import { bucketOf } from '@chatelaine/crypto';
import type { ScopeSet } from '@chatelaine/protocol';
import { type Db, type Query, run } from '@chatelaine/postgres';

// tokens with one of these scopes are dead by find-token.ts, even those that are being minted at the same time
const WITHDRAW: Query = {
  name: 'oauth_withdraw_scopes',
  text: `update oauth_grant set transfer_scope = array(
    select scope from unnest(transfer_scope) with ordinality as u(scope, at) where scope <> all ($3::text[]) order by at
  )
  where bucket = $1 and subject = $2 and transfer_scope && $3::text[] and ended_at is null`,
};

/**
 * Removes scopes from the ceilings of all live links of an owner. Tokens that carry one of them are dead from then on.
 */
export async function withdrawScopes(
  db: Db,
  { subject, scopes }: { subject: string; scopes: ScopeSet },
): Promise<void> {
  await run(db, WITHDRAW, [bucketOf(subject), subject, [...scopes]]);
}
