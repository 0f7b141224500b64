import { defineQuery, openPool, type Pool, run } from '@chatelaine/postgres';
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
const SCHEMA = defineQuery<{ schema: string | null }>({
  name: 'current_schema',
  text: 'select current_schema() as schema',
});

/** Opens the database as the role in its URL, whose `search_path` names the schema that all tables are in. */
export async function openDatabase(config: Pick<Config, 'databaseUrl' | 'databasePatience'>): Promise<Database> {
  // the pool replaces connections that break while idle; what needs one and gets none says so itself
  const { databaseUrl: url, databasePatience: patience } = config;
  const pool = openPool({ url, name: 'am', max: MOST_CONNECTIONS, patience });
  const [row] = await run(pool, SCHEMA);
  const schema = row?.schema;
  if (schema === null || schema === undefined)
    throw new Error('The role in DATABASE_URL has no schema of its own: set its search_path.');
  return { pool, prisma: createPrisma(pool, { schema, patience }) };
}

/** Prisma on a pool. It writes schema names into its own SQL: `search_path` alone would not reach it. */
export function createPrisma(pool: Pool, { schema, patience }: { schema: string; patience: number }): PrismaClient {
  // of a transaction: waiting for a connection, which the pool bounds, and all of it
  const transactionOptions = { maxWait: patience * TRANSACTION_MS, timeout: patience * TRANSACTION_MS };
  return new PrismaClient({ adapter: new PrismaPg(pool, { schema }), transactionOptions });
}
