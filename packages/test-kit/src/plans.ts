/** The part of a pool of `pg` that is needed here. */
interface Pool {
  on(event: 'connect', listener: (client: Client) => void): unknown;
}
interface Client {
  query: (...args: never[]) => unknown;
}
interface Db {
  query<Row extends object>(text: string): Promise<{ rows: Row[] }>;
}

/** A statement as it was sent to Postgres. */
export interface Sent {
  readonly text: string;
  readonly values: readonly unknown[];
}

/**
 * Records the statements, one for each text, that are sent over a pool's connections that are opened from now on. With
 * `isMeant`, only statements for which it returns true: background work sends some at any moment, and they must not be
 * counted.
 */
export function recordStatements(pool: Pool, isMeant: () => boolean = () => true): { take(): readonly Sent[] } {
  let sent = new Map<string, Sent>();
  pool.on('connect', (client) => {
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    client.query = (...args: unknown[]) => {
      const [first, second] = args as [{ text?: unknown; values?: unknown } | string | undefined, unknown];
      const text = typeof first === 'string' ? first : first?.text;
      const values = typeof first === 'string' ? second : first?.values;
      // cursors and the like, of Prisma and of `pg` itself, have no text
      if (isMeant() && typeof text === 'string' && /^\s*(with|select|insert|update|delete)\b/i.test(text))
        sent.set(text, { text, values: Array.isArray(values) ? values : [] });
      return query(...args);
    };
  });
  return {
    take() {
      const taken = [...sent.values()];
      sent = new Map();
      return taken;
    },
  };
}

/** How Postgres reads a table, or a partition of one, for a statement. */
export interface Access {
  readonly relation: string;
  readonly how: 'by key' | 'by a partial index' | 'as a whole';
  /** The number of rows that it read, including those that it discarded. */
  readonly rows: number;
}

interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  'Actual Loops'?: number;
  'Actual Rows'?: number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: Node[];
}

/**
 * How a statement reads tables, planned for these values and planned for all values; tables that it does not read at
 * run time are left out. It is run and rolled back. Sequential scans are disabled, so that Postgres uses one only if
 * there is no other way: so small tables show what happens with large ones.
 */
export async function accessesOf(db: Db, { text, values }: Sent): Promise<readonly Access[]> {
  const partial = new Set(
    (
      await db.query<{ name: string }>(
        'select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid where i.indpred is not null',
      )
    ).rows.map(({ name }) => name),
  );
  const found: Access[] = [];
  for (const mode of ['force_custom_plan', 'force_generic_plan']) {
    await db.query('begin');
    try {
      await db.query(`set local plan_cache_mode = ${mode}`);
      for (const way of ['seqscan', 'hashjoin', 'mergejoin']) await db.query(`set local enable_${way} = off`);
      await db.query(`prepare looked_at as ${text}`);
      const given = values.length === 0 ? '' : `(${values.map(literal).join(', ')})`;
      const rows = await explained(db, `execute looked_at${given}`);
      for (const { Plan } of rows) found.push(...accessesIn(Plan, partial));
    } finally {
      await db.query('rollback');
      await db.query('deallocate all');
    }
  }
  return found;
}

/**
 * Explains a statement; if rows that it inserts exist already, it is repeated after they have been deleted, one by one.
 */
async function explained(db: Db, what: string): Promise<{ Plan: Node }[]> {
  for (let removed = 0; ; removed++) {
    await db.query('savepoint before');
    try {
      const { rows } = await db.query<{ 'QUERY PLAN': { Plan: Node }[] }>(`explain (analyze, format json) ${what}`);
      return rows.flatMap((row) => row['QUERY PLAN']);
    } catch (error) {
      const row = rowInTheWay(error);
      if (row === null || removed === MOST_REMOVED) throw error;
      await db.query('rollback to before');
      await db.query(row);
    }
  }
}

const UNIQUE_VIOLATION = '23505';
const MOST_REMOVED = 10;

/**
 * SQL that deletes the row that is in the way of an insert, as Postgres names it: `Key (bucket, hash)=(1, \\x00)
 * already exists.`
 */
function rowInTheWay(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const { code, table, detail } = error as { code?: string; table?: string; detail?: string };
  const [, columns, values] = /^Key \((.+)\)=\((.+)\) already exists/.exec(detail ?? '') ?? [];
  if (code !== UNIQUE_VIOLATION || table === undefined || columns === undefined) return null;
  return `delete from "${table}" where concat_ws(', ', ${columns}) = ${literal(values)}`;
}

function accessesIn(node: Node, partial: ReadonlySet<string>): Access[] {
  const below = (node.Plans ?? []).flatMap((one) => accessesIn(one, partial));
  const relation = node['Relation Name'];
  // nodes that write name a table as well, but do not read it
  if (relation === undefined || node['Actual Loops'] === 0 || !node['Node Type'].includes('Scan')) return below;
  return [...below, { relation, how: howOf(node, partial), rows: rowsOf(node) }];
}

function rowsOf(node: Node): number {
  const each = ['Actual Rows', 'Rows Removed by Filter', 'Rows Removed by Index Recheck'] as const;
  return each.reduce((sum, which) => sum + (node[which] ?? 0), 0) * (node['Actual Loops'] ?? 1);
}

function howOf(node: Node, partial: ReadonlySet<string>): Access['how'] {
  // a bitmap scan has its condition on the index node below it
  const [index = node] = node['Node Type'] === 'Bitmap Heap Scan' ? indexesBelow(node) : [node];
  if (index['Index Cond'] !== undefined || node['Node Type'] === 'Tid Scan') return 'by key';
  return partial.has(index['Index Name'] ?? '') ? 'by a partial index' : 'as a whole';
}

const indexesBelow = (node: Node): Node[] =>
  (node.Plans ?? []).flatMap((one) => (one['Index Name'] === undefined ? indexesBelow(one) : [one]));

/** A value as an SQL literal, as `pg` would send it. */
function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  return `'${textOf(value).replaceAll("'", "''")}'`;
}

function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return `{${value.map(elementOf).join(',')}}`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const elementOf = (value: unknown): string =>
  value === null || value === undefined ? 'null' : `"${textOf(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
