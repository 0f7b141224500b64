import { defineQuery, run } from '@chatelaine/postgres';
import type { Deps } from '../deps.ts';
import type { Stream } from './codes.ts';

/** A checkpoint that an owner can export and compare later. */
export interface ShownCheckpoint {
  readonly stream: Stream;
  readonly number: number;
  /** How many rows the chain has up to it. */
  readonly total: string;
  /** The time of the last of them. */
  readonly lastAt: Date;
  readonly madeAt: Date;
  /** In base64url. */
  readonly mac: string;
}

const DAILY = defineQuery<{ stream: Stream; number: number; total: string; last_at: Date; made_at: Date; mac: Buffer }>(
  {
    name: 'checkpoints_daily',
    text: `
    select distinct on (stream, date_trunc('day', last_at, 'UTC')) stream, number, total, last_at, made_at, mac
      from checkpoint
    where owner_id = $1 order by stream, date_trunc('day', last_at, 'UTC'), number desc`,
  },
);

/** The last checkpoint of each day in both streams, oldest first, as far as they are kept. */
export async function readDailyCheckpoints(
  { pool }: Pick<Deps, 'pool'>,
  ownerId: string,
): Promise<readonly ShownCheckpoint[]> {
  const rows = await run(pool, DAILY, [ownerId]);
  return rows.map(({ last_at: lastAt, made_at: madeAt, mac, ...same }) => ({
    ...same,
    lastAt,
    madeAt,
    mac: mac.toString('base64url'),
  }));
}
