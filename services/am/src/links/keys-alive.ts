import { LIFETIME } from '@chatelaine/protocol';

const LONGEST = Math.max(LIFETIME.hostAccessToken, LIFETIME.hostBearerToken);

/**
 * SQL: the rows of `transfer` (under this alias) of the owner `$1` whose tokens may be alive. A transfer takes no
 * longer than a token lives.
 */
export const mintedLately = (alias: string): string =>
  `${alias}.owner_id = $1 and ${alias}.state = 'minted'
    and ${alias}.started_at > now() - interval '${2 * LONGEST} seconds'`;

/**
 * SQL, an aggregate: when the newest of them has expired at the latest; null if all have. A token was minted before its
 * transfer was closed, and lives no longer than PROTOCOL §1 allows.
 */
export const newestKeyDies = (alias: string): string => {
  const lifetime = `case when ${alias}.jkt is null then ${LIFETIME.hostBearerToken}
    else ${LIFETIME.hostAccessToken} end`;
  const dies = `max(${alias}.closed_at + make_interval(secs => ${lifetime}))`;
  return `case when ${dies} > now() then ${dies} end`;
};
