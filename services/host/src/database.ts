import { PrismaPg } from '@prisma/adapter-pg';
import type { Pool } from '@chatelaine/postgres';
import { PrismaClient } from './generated/prisma/client.ts';

/** Prisma on the pool that everything else uses. It qualifies its SQL with the schema that the role's search_path names. */
export async function openPrisma(pool: Pool): Promise<PrismaClient> {
  const { rows } = await pool.query<{ schema: string }>('select current_schema() as schema');
  const schema = rows[0]?.schema ?? 'public';
  return new PrismaClient({ adapter: new PrismaPg(pool, { schema, disposeExternalPool: false }) });
}
