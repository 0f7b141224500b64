import type { Vault } from '@chatelaine/crypto';
import { type Db, inTransaction, type Pool } from '@chatelaine/postgres';

/**
 * A column whose values are encrypted, and how the AAD of each is formed. A service must list all of its own: a value
 * in a column that is not listed is lost when its key is.
 */
export interface EncryptedColumn {
  readonly table: string;
  readonly column: string;
  /** If the encrypted value is only a part of the column. */
  readonly part?: {
    /** SQL expression for the value as bytes, or null. */
    readonly value: string;
    /** SQL expression for the column with `$1` (bytes) as its new value. */
    readonly replaced: string;
  };
  /** Columns of the primary key. */
  readonly key: readonly string[];
  /** Further columns that `aad` needs: names, each with its SQL expression. */
  readonly also?: Readonly<Record<string, string>>;
  /** The AAD of a row's value, formed from the columns above. */
  readonly aad: (row: Readonly<Record<string, unknown>>) => string;
}

/** Rows per batch: few enough that nobody waits long for their locks. */
const BATCH = 100;

export interface Reencrypted {
  /** Values that were encrypted again. */
  readonly reencrypted: number;
  /** Values that are still encrypted with another key. */
  readonly left: number;
  /** Values that no configured key decrypts. */
  readonly unreadable: number;
}

/**
 * Encrypts every value again that was not encrypted with the current key, in small batches, while the service serves. A
 * value that changes meanwhile is left alone, since it was encrypted when it changed.
 */
export async function reencrypt(
  { pool, vault }: { pool: Pool; vault: Vault },
  columns: readonly EncryptedColumn[],
): Promise<Reencrypted> {
  let reencrypted = 0;
  let unreadable = 0;
  for (const encrypted of columns) {
    for await (const rows of staleRows(pool, encrypted, vault.keyId)) {
      const anew = rows.map((row) => ({ row, fresh: encryptedAgain(vault, encrypted, row) }));
      unreadable += anew.filter(({ fresh }) => fresh === null).length;
      reencrypted += await inTransaction(pool, async (tx) => {
        let replaced = 0;
        for (const { row, fresh } of anew) if (fresh !== null) replaced += await replace(tx, encrypted, { row, fresh });
        return replaced;
      });
    }
  }
  return { reencrypted, unreadable, left: await countStale(pool, columns, vault.keyId) };
}

/** The number of values that were encrypted with another key than this one. */
export async function countStale(db: Db, columns: readonly EncryptedColumn[], keyId: number): Promise<number> {
  return count(db, columns, '<>', keyId);
}

/** The number of values that were encrypted with this key. */
export async function countEncryptedWith(db: Db, columns: readonly EncryptedColumn[], keyId: number): Promise<number> {
  return count(db, columns, '=', keyId);
}

async function count(db: Db, columns: readonly EncryptedColumn[], how: '=' | '<>', keyId: number): Promise<number> {
  let sum = 0;
  for (const encrypted of columns) {
    const where = `get_byte(${valueOf(encrypted)}, 1) ${how} ${keyId}`;
    // all names are constants of our own sources
    const { rows } = await (db as Pick<Pool, 'query'>).query<{ n: number }>(
      `select count(*)::int as n from ${quoted(encrypted.table)} where ${where}`,
    );
    sum += rows[0]?.n ?? 0;
  }
  return sum;
}

export interface EncryptedValue {
  readonly encrypted: Buffer;
  /** Its AAD. */
  readonly aad: string;
}

/** Any encrypted value of these columns; null if there is none yet. */
export async function firstEncrypted(db: Db, columns: readonly EncryptedColumn[]): Promise<EncryptedValue | null> {
  for (const each of columns) {
    const { rows } = await (db as Pick<Pool, 'query'>).query<Record<string, unknown>>(
      `select ${columnsOf(each)} from ${quoted(each.table)} where ${valueOf(each)} is not null limit 1`,
    );
    const [row] = rows;
    if (row !== undefined) return { encrypted: row[each.column] as Buffer, aad: each.aad(row) };
  }
  return null;
}

type Row = Readonly<Record<string, unknown>>;

async function* staleRows(pool: Pool, encrypted: EncryptedColumn, keyId: number): AsyncGenerator<readonly Row[]> {
  const { table, key } = encrypted;
  const value = valueOf(encrypted);
  const keys = key.map(quoted).join(', ');
  const after = key.map((_, index) => `$${index + 1}`).join(', ');
  const stale = `${value} is not null and get_byte(${value}, 1) <> ${keyId}`;
  let last: unknown[] | null = null;
  for (;;) {
    const from: string = last === null ? '' : ` and (${keys}) > (${after})`;
    const text: string = `select ${columnsOf(encrypted)} from ${quoted(table)} where ${stale}${from} order by ${keys}
      limit ${BATCH}`;
    const { rows }: { rows: Row[] } = await pool.query<Record<string, unknown>>(text, last ?? []);
    if (rows.length > 0) yield rows;
    const end = rows.at(-1);
    if (rows.length < BATCH || end === undefined) return;
    last = key.map((name) => end[name]);
  }
}

/** The columns that `aad` and an update need. The value gets its column's name. */
function columnsOf(encrypted: EncryptedColumn): string {
  const named = Object.entries(encrypted.also ?? {}).map(([name, expression]) => `${expression} as ${quoted(name)}`);
  return [...encrypted.key.map(quoted), `${valueOf(encrypted)} as ${quoted(encrypted.column)}`, ...named].join(', ');
}

/** SQL expression for a column's encrypted value. */
const valueOf = ({ column, part }: EncryptedColumn): string => part?.value ?? quoted(column);

function encryptedAgain(vault: Vault, { column, aad }: EncryptedColumn, row: Row): Buffer | null {
  const data = aad(row);
  try {
    return vault.encrypt(vault.decrypt(row[column] as Buffer, data), data);
  } catch {
    return null;
  }
}

async function replace(
  db: Db,
  encrypted: EncryptedColumn,
  { row, fresh }: { row: Row; fresh: Buffer },
): Promise<number> {
  const { table, column, part, key } = encrypted;
  const same = key.map((name, index) => `${quoted(name)} = $${index + 3}`).join(' and ');
  const { rowCount } = await (db as Pick<Pool, 'query'>).query(
    `update ${quoted(table)} set ${quoted(column)} = ${part?.replaced ?? '$1'}
      where ${valueOf(encrypted)} = $2 and ${same}`,
    [fresh, row[column], ...key.map((name) => row[name])],
  );
  return rowCount ?? 0;
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
