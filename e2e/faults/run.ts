import { patience } from '@chatelaine/test-kit';
import { setTimeout as pause } from 'node:timers/promises';
import { checkHistory } from './check-history.ts';
import { checkTables } from './check-tables.ts';
import { now } from './history.ts';
import type { World } from './world.ts';

/** Unfinished work must be resolved within this time once nothing is broken any more. */
const SETTLES_WITHIN_MS = patience(60);
const LOOK_MS = 200;

/** Waits until the services have resolved what the faults left half done, then checks all invariants. */
export async function settleAndCheck(world: World): Promise<{ settledMs: number; violations: string[] }> {
  const begin = now();
  while ((await unsettled(world)) > 0 && now() - begin < SETTLES_WITHIN_MS) await pause(LOOK_MS);
  const settledMs = now() - begin;
  const violations = [
    ...checkProcesses(world),
    ...checkHistory(world.history),
    ...(await checkTables(world.deployment, world.history)),
  ];
  return { settledMs, violations };
}

async function unsettled({ deployment }: World): Promise<number> {
  const [row] = await deployment.database.query<{ n: number }>(
    'am',
    `select ((select count(*) from transfer where state = 'intent') + (select count(*) from revocation
      where state = 'pending')
      + (select count(*) from link_attempt where resume_at is not null))::int as n`,
  );
  return row?.n ?? 0;
}

/** I9: no process ended other than those that were killed. */
function checkProcesses({ deployment }: World): string[] {
  return deployment.services.flatMap(({ processes }) =>
    processes
      .filter(({ running }) => !running)
      .map(({ name, log }) => `I9: ${name} has ended by itself.\n${log().slice(-2_000)}`),
  );
}

/** How often each thing was done, for the reader of the result. */
export function counts({ history }: World): Readonly<Record<string, number>> {
  const { faults, transfers, refreshes, calls } = history;
  const of = (kind: string) => transfers.filter(({ outcome }) => outcome.kind === kind).length;
  return {
    kills: faults.filter(({ what }) => what.startsWith('kill')).length,
    'crashes of Postgres': faults.filter(({ what }) => what.startsWith('crash')).length,
    connections: history.connections.length,
    'raced or repeated codes': history.redemptions.filter(({ answers }) => answers.length > 1).length,
    'transfers handed out': of('ok'),
    'transfers refused': of('refused'),
    'transfers unavailable': of('unavailable'),
    'transfers unknown': of('unknown'),
    'refreshes served': refreshes.filter(({ outcome }) => outcome.kind === 'ok').length,
    calls: calls.length,
    stops: history.stops.length,
    'answers to terms': history.agreements.filter(({ decision, outcome }) => decision !== null && outcome.kind === 'ok')
      .length,
    offers: history.offers.filter(({ outcome }) => outcome === 'ok').length,
    links: history.links.length,
  };
}
