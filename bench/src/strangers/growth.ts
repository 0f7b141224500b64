import { setTimeout as pause } from 'node:timers/promises';
import { freePorts } from '@chatelaine/constellation';
import pg from 'pg';
import { startChain } from '../chain.ts';
import type { Memory } from '../child.ts';
import { startDatabases } from '../databases.ts';
import { mb } from '../memory/memory.ts';
import { DOCUMENTS_NAME, kinds, serveStrangers } from './flood.ts';

/** What one service stores. */
export interface Held {
  readonly memory: Memory;
  /** The number of rows of each table that is not empty. */
  readonly rows: Readonly<Record<string, number>>;
  /** Bytes of all tables on disk. */
  readonly disk: number;
  /** The number of stored documents. */
  readonly documents: number;
}

export interface Sample {
  readonly am: Held;
  readonly host: Held;
}

export interface Growth {
  /** One for each minute, after garbage collection; the first one before any request. */
  readonly samples: readonly Sample[];
  readonly statuses: Readonly<Record<number, number>>;
}

/** An AM and a Host while strangers send them ever new documents, registrations, revocations and junk. */
export async function measureGrowth(options: {
  minutes: number;
  perSecond: number;
  progress: (line: string) => void;
}): Promise<Growth> {
  const { minutes, perSecond, progress } = options;
  const databases = await startDatabases();
  const [port = 0] = await freePorts(1);
  const documents = await serveStrangers(port);
  const databaseUrl = await databases.chain();
  const chain = await startChain({ databaseUrl, strangers: [{ name: DOCUMENTS_NAME, port }] });
  try {
    const deeds = kinds({ ...chain, documents });
    const statuses: Record<number, number> = {};
    const underWay = new Set<Promise<void>>();
    let turn = 0;
    const steady = setInterval(() => {
      const done = (deeds[turn++ % deeds.length]?.() ?? Promise.resolve(0))
        .catch(() => 0)
        .then((status) => {
          statuses[status] = (statuses[status] ?? 0) + 1;
          underWay.delete(done);
        });
      underWay.add(done);
    }, 1_000 / perSecond);
    const look = async (): Promise<Sample> => ({
      am: await heldBy(chain.am.child, databaseUrl('am')),
      host: await heldBy(chain.host.child, databaseUrl('photos')),
    });
    const samples = [await look()];
    const began = performance.now();
    for (let minute = 1; minute <= minutes; minute++) {
      await pause(Math.max(0, began + minute * 60_000 - performance.now()));
      const sample = await look();
      samples.push(sample);
      progress(
        `${minute} min: AM ${summary(sample.am)}; Host ${summary(sample.host)}; answers ${JSON.stringify(statuses)}`,
      );
    }
    clearInterval(steady);
    await Promise.all(underWay);
    return { samples, statuses };
  } finally {
    await chain.stop();
    await documents.close();
    await databases.stop();
  }
}

const summary = ({ memory, disk, rows }: Held): string =>
  `heap ${mb(memory.heapUsed)} MB, RSS ${mb(memory.rss)} MB, disk ${mb(disk)} MB, rows ${JSON.stringify(rows)}`;

async function heldBy(child: { memory(): Promise<Memory> }, url: string): Promise<Held> {
  const memory = await child.memory();
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const tables = await client.query<{ name: string; bytes: string }>(
      `select relname as name, pg_total_relation_size(oid) as bytes from pg_class
      where relkind = 'r' and relnamespace = (select current_schema())::regnamespace order by relname`,
    );
    const rows: Record<string, number> = {};
    for (const { name } of tables.rows) {
      const counted = await client.query<{ count: number }>(`select count(*)::int as count from "${name}"`);
      const count = counted.rows[0]?.count ?? 0;
      if (count > 0) rows[name] = count;
    }
    const kept = await client.query<{ bytes: string }>(
      'select coalesce(sum(pg_column_size(body)), 0) as bytes from oauth_document',
    );
    const disk = tables.rows.reduce((sum, { bytes }) => sum + Number(bytes), 0);
    return { memory, rows, disk, documents: Number(kept.rows[0]?.bytes ?? 0) };
  } finally {
    await client.end();
  }
}
