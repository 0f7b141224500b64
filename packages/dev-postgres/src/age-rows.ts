import type { Pool } from 'pg';

/**
 * Moves all points in time in some tables into the past by the same amount. `tables`: a LIKE pattern.
 */
export async function ageRows(pool: Pool, { tables, seconds }: { tables: string; seconds: number }): Promise<void> {
  const { rows } = await pool.query<{ table_name: string; assignments: string }>(
    `select table_name, string_agg(format('%1$I = %1$I - $1::float8 * interval ''1 second''', column_name), ', ')
      as assignments
     from information_schema.columns
     where table_schema = current_schema and table_name like $1 and data_type = 'timestamp with time zone'
     group by table_name`,
    [tables],
  );
  for (const { table_name, assignments } of rows)
    await pool.query(`update ${table_name} set ${assignments}`, [seconds]);
}
