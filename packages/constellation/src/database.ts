import pg from 'pg';

/** The services' database, as one of their roles sees it. */
export interface Database {
  /** Runs a statement as a role: `query('am', 'select … where id = $1', [id])`. */
  query<Row extends pg.QueryResultRow>(role: string, sql: string, values?: readonly unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

export function openDatabase(url: (role: string) => string): Database {
  const pools = new Map<string, pg.Pool>();
  return {
    async query<Row extends pg.QueryResultRow>(role: string, sql: string, values: readonly unknown[] = []) {
      const pool = pools.get(role) ?? new pg.Pool({ connectionString: url(role), max: 2 });
      // a crash of the database, which tests cause, must not end the test's own process
      if (!pools.has(role)) pool.on('error', () => undefined);
      pools.set(role, pool);
      const { rows } = await pool.query<Row>(sql, [...values]);
      return rows;
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.end()));
    },
  };
}
