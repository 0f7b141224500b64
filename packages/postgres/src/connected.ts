import type { Pool } from './pool.ts';
import { defineQuery, run, runForRow } from './query.ts';

const PING = defineQuery({ name: 'ping', text: 'select 1' });
const SCHEMA = defineQuery<{ schema: string | null }>({
  name: 'current_schema',
  text: 'select current_schema() as schema',
});

/** Rejects if the database does not answer. */
export async function ping(pool: Pool): Promise<void> {
  await run(pool, PING);
}

/**
 * The schema in which the pool's role finds its tables. Prisma qualifies names in its SQL, so the role's `search_path`
 * alone does not reach it.
 *
 * @throws Error when the role's `search_path` names no schema that exists
 */
export async function schemaOf(pool: Pool): Promise<string> {
  const { schema } = await runForRow(pool, SCHEMA);
  if (schema === null) throw new Error('The role in DATABASE_URL has no schema of its own: set its search_path.');
  return schema;
}
