import { openPool, type Pool, schemaOf } from '@chatelaine/postgres';
import { PrismaPg } from '@prisma/adapter-pg';
import type { Config } from './config.ts';
import { PrismaClient } from './generated/prisma/client.ts';

export interface Database {
  readonly pool: Pool;
  /** On the same connections. */
  readonly prisma: PrismaClient;
}

const MOST_CONNECTIONS = 16;
const TRANSACTION_MS = 5_000;
/** Opens the database as the role in its URL, whose `search_path` names the schema of all tables. */
export async function openDatabase(config: Pick<Config, 'databaseUrl' | 'databasePatience'>): Promise<Database> {
  // the pool replaces connections that break while idle; a caller that gets none reports it
  const { databaseUrl: url, databasePatience: patience } = config;
  const pool = openPool({ url, name: 'am', max: MOST_CONNECTIONS, patience });
  const schema = await schemaOf(pool);
  return { pool, prisma: createPrisma(pool, { schema, patience }) };
}

/** Prisma on a pool. It writes schema names into its SQL, so `search_path` alone would not be enough. */
export function createPrisma(pool: Pool, { schema, patience }: { schema: string; patience: number }): PrismaClient {
  // of a transaction: the wait for a connection, which the pool bounds, and the whole of it
  const transactionOptions = { maxWait: patience * TRANSACTION_MS, timeout: patience * TRANSACTION_MS };
  return new PrismaClient({ adapter: new PrismaPg(pool, { schema }), transactionOptions });
}
