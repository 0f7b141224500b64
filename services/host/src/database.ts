import { PrismaPg } from '@prisma/adapter-pg';
import { type Pool, schemaOf } from '@chatelaine/postgres';
import { PrismaClient } from './generated/prisma/client.ts';

/**
 * Prisma on the pool that everything else uses. It writes the schema that the role's `search_path` names into its SQL.
 */
export async function openPrisma(pool: Pool): Promise<PrismaClient> {
  const schema = await schemaOf(pool);
  return new PrismaClient({ adapter: new PrismaPg(pool, { schema, disposeExternalPool: false }) });
}
