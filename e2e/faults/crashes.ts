import { patience } from '@chatelaine/test-kit';
import type { ServiceProcess } from '@chatelaine/constellation';
import { setTimeout as pause } from 'node:timers/promises';
import { now } from './history.ts';
import type { World } from './world.ts';

const POLL_MS = 20;
const EXITS_WITHIN_MS = patience(60);

/** Kills a working process with SIGKILL, and restarts it. */
export async function killAndRestart(world: World, process: ServiceProcess): Promise<void> {
  if (!process.running) throw new Error(`${process.name} had ended before it was killed.\n${process.log()}`);
  await recordFault(world, `kill -9 ${process.name}`, async () => {
    await process.kill();
    await process.start();
  });
}

/** A failpoint at which a process dies, and what makes it get there. */
export interface CrashPoint {
  readonly failpoint: string;
  readonly trigger: () => Promise<void>;
}

/** Restarts a process again and again so that it dies at one failpoint after the other, and finally without any. */
export async function crashAt(world: World, process: ServiceProcess, deaths: readonly CrashPoint[]): Promise<void> {
  await process.kill();
  for (const { failpoint, trigger } of deaths) {
    await recordFault(world, `kill -9 ${process.name} at ${failpoint}`, async () => {
      // other requests may take it to the failpoint before it has reported that it is ready
      await process.start({ env: { FAILPOINTS: failpoint } }).catch((error: unknown) => {
        if (process.running) throw error;
      });
      const deadline = now() + EXITS_WITHIN_MS;
      while (process.running) {
        if (now() > deadline) throw new Error(`${process.name} did not come by ${failpoint} in ${EXITS_WITHIN_MS} ms.`);
        await Promise.race([trigger(), waitForExit(process)]);
        await pause(POLL_MS);
      }
    });
  }
  await recordFault(world, `restart of ${process.name}`, () => process.start());
}

async function waitForExit(process: ServiceProcess): Promise<void> {
  while (process.running) await pause(POLL_MS);
}

/** The database dies, without a checkpoint and with transactions open, and comes back through recovery. */
export async function crashPostgres(world: World, downMs: number): Promise<void> {
  const { postgres } = world.deployment;
  await recordFault(world, 'crash of Postgres', async () => {
    await postgres.crash();
    const begin = now();
    await pause(downMs);
    world.history.withoutDatabase.push({ begin, end: now() });
    await postgres.restart();
  });
}

async function recordFault(world: World, what: string, work: () => Promise<void>): Promise<void> {
  const begin = now();
  try {
    await work();
  } finally {
    world.history.faults.push({ what, begin, end: now() });
  }
}
