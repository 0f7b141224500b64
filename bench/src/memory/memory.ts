import { setTimeout as pause } from 'node:timers/promises';
import { type Chain, startChain } from '../chain.ts';
import type { Memory } from '../child.ts';
import { startDatabases } from '../databases.ts';
import { coming, type Deed, round } from './mix.ts';

export interface MemoryOptions {
  readonly minutes: number;
  readonly perSecond: number;
  /** Called with each sample, and with each answer that was not as expected. */
  readonly progress: (line: string) => void;
}

export interface MemoryRun {
  /** One for each minute, after garbage collection; the first one before any request. */
  readonly samples: readonly Memory[];
  readonly requests: number;
  /** How many answers were not as expected. */
  readonly wrong: number;
}

/** Limits that a load from a single address would otherwise reach. */
const WIDE = {
  REFUSALS_PER_MINUTE: '1000000',
  REGISTRATIONS_PER_HOUR: '1000000',
  DOCUMENTS_PER_MINUTE: '1000000',
  TRANSFERS_PER_MINUTE: '10000000',
  REQUESTER_TRANSFERS_PER_MINUTE: '10000000',
};
const COMING_EVERY_SECONDS = 20;

/** One process of the AM under a steady load of every kind, and how much memory it uses. */
export async function measureMemory({ minutes, perSecond, progress }: MemoryOptions): Promise<MemoryRun> {
  const databases = await startDatabases();
  const chain = await startChain({ databaseUrl: await databases.chain(), env: WIDE });
  try {
    const load = startLoad(chain, { perSecond, progress });
    const samples: Memory[] = [await chain.am.child.memory()];
    const began = performance.now();
    for (let minute = 1; minute <= minutes; minute++) {
      await pause(began + minute * 60_000 - performance.now());
      const sample = await chain.am.child.memory();
      samples.push(sample);
      progress(
        `${minute} min: RSS ${mb(sample.rss)} MB, heap ${mb(sample.heapUsed)} MB; ${load.counts.requests} requests`,
      );
    }
    await load.stop();
    return { samples, ...load.counts };
  } finally {
    await chain.stop();
    await databases.stop();
  }
}

export const mb = (bytes: number): string => (bytes / 1_048_576).toFixed(1);

/** Sends at a steady pace, whether or not earlier requests have been answered. */
function startLoad(chain: Chain, { perSecond, progress }: Omit<MemoryOptions, 'minutes'>) {
  const counts = { requests: 0, wrong: 0 };
  const underWay = new Set<Promise<void>>();
  const deeds = round(chain);
  const doOne = (deed: Deed | undefined): void => {
    if (deed === undefined) return;
    const done = tried(deed).then((problem) => {
      counts.requests += 1;
      underWay.delete(done);
      if (problem === null) return;
      counts.wrong += 1;
      if (counts.wrong <= 20) progress(`${deed.name}: ${problem}`);
    });
    underWay.add(done);
  };
  let turn = 0;
  const steady = setInterval(() => doOne(deeds[turn++ % deeds.length]), 1_000 / perSecond);
  const now = setInterval(() => doOne(coming(chain)), COMING_EVERY_SECONDS * 1_000);
  return {
    counts,
    async stop() {
      clearInterval(steady);
      clearInterval(now);
      await Promise.all(underWay);
    },
  };
}

/** What was wrong, or null. */
async function tried({ good, run }: Deed): Promise<string | null> {
  try {
    const status = await run();
    return good === null || good.includes(status) ? null : `answered ${status}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
