import type { Clock } from '@chatelaine/protocol';
import type { Pool } from 'pg';
import type { Config } from './config.ts';
import type { Flavor } from './flavor.ts';
import type { PrismaClient } from './generated/prisma/client.ts';

/** Everything a feature may need; each takes the smallest Pick. Built once, in `main`. */
export interface Deps {
  readonly config: Config;
  readonly flavor: Flavor;
  readonly clock: Clock;
  readonly pool: Pool;
  /** The entries. */
  readonly prisma: PrismaClient;
}
