import { randomUUID } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import type {
  SqlDriverAdapter,
  SqlMigrationAwareDriverAdapterFactory,
  SqlQuery,
  SqlQueryable,
} from '@prisma/driver-adapter-utils';

/** A private part of adapter-pg 7.10.0, whose version is pinned exactly. */
interface Internals {
  performIO(query: SqlQuery): Promise<{ fields: { dataTypeID: number }[] }>;
  onError(error: unknown): never;
}

type PgAdapter = Awaited<ReturnType<PrismaPg['connect']>>;

const CHAR_OID = 18;
const TEXT_OID = 25;
const CHARACTER = 6;

export interface SchemaAdapter extends SqlMigrationAwareDriverAdapterFactory {
  /** Closes the connections that the engine leaves open. */
  close(): Promise<void>;
}

/**
 * adapter-pg 7.10.0 with three of its faults mended for the schema engine: "char" columns of the catalog, scripts with
 * plpgsql bodies, and the shadow database, for which it uses the main database if it was given a URL.
 */
export function schemaAdapter(input: { url: string; schema?: string }): SchemaAdapter {
  const { url, schema } = input;
  const closing: (() => Promise<void>)[] = [];
  const connect = async (connectionString: string): Promise<SqlDriverAdapter> => {
    const adapter = mend(await new PrismaPg({ connectionString }, schema === undefined ? {} : { schema }).connect());
    const dispose = adapter.dispose.bind(adapter);
    let disposed: Promise<void> | undefined;
    adapter.dispose = () => (disposed ??= dispose());
    closing.push(adapter.dispose);
    return adapter;
  };
  return {
    async close() {
      await Promise.all(closing.map((close) => close()));
    },
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: () => connect(url),
    async connectToShadowDb() {
      const name = `shadow_${randomUUID()}`;
      const main = await connect(url);
      await main.executeScript(`CREATE DATABASE "${name}"`);
      const address = new URL(url);
      address.pathname = `/${name}`;
      const shadow = await connect(address.href);
      const dispose = shadow.dispose.bind(shadow);
      shadow.dispose = async () => {
        await dispose();
        await main.executeScript(`DROP DATABASE "${name}"`);
        await main.dispose();
      };
      return shadow;
    },
  };
}

function mend(adapter: PgAdapter): SqlDriverAdapter {
  const { onError } = adapter as unknown as Internals;
  adapter.executeScript = async (script) => {
    try {
      await adapter.underlyingDriver().query(script); // whole: its own version cuts at every ';'
    } catch (error) {
      onError.call(adapter, error);
    }
  };
  const startTransaction = adapter.startTransaction.bind(adapter);
  adapter.startTransaction = async (level) => readChars(await startTransaction(level));
  return readChars(adapter);
}

/**
 * Reads "char" columns as characters. Each call gets its own object, so that concurrent queries do not mix up their
 * columns.
 */
function readChars<T extends SqlQueryable>(target: T): T {
  const { performIO } = target as unknown as Internals;
  const original = target.queryRaw;
  target.queryRaw = async (query) => {
    const chars: number[] = [];
    const call = Object.create(target) as Internals & SqlQueryable;
    call.performIO = async (sql) => {
      const result = await performIO.call(target, sql);
      result.fields.forEach((field, index) => {
        if (field.dataTypeID !== CHAR_OID) return;
        chars.push(index);
        field.dataTypeID = TEXT_OID;
      });
      return result;
    };
    const result = await original.call(call, query);
    for (const index of chars) result.columnTypes[index] = CHARACTER;
    return result;
  };
  return target;
}
