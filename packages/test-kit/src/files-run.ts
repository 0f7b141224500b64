import { Session } from 'node:inspector/promises';

/** So often is it done: what timers happen to run beside it one time they do not run every time. */
const TIMES = 5;

/**
 * The source files of ours that have a function which runs each time `work` is done, as `packages/crypto/src/dpop.ts`,
 * sorted. What only runs when a module is loaded does not count, so let it be done once before.
 */
export async function filesRunBy(work: () => Promise<unknown>): Promise<readonly string[]> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    const runs: Set<string>[] = [];
    for (let time = 1; time <= TIMES; time++) {
      // taking the counts sets them back
      await session.post('Profiler.takePreciseCoverage');
      await work();
      const { result } = await session.post('Profiler.takePreciseCoverage');
      runs.push(new Set(result.filter(hasRun).flatMap(({ url }) => sourceOf(url))));
    }
    return [...(runs.shift() ?? [])].filter((file) => runs.every((run) => run.has(file))).toSorted();
  } finally {
    session.disconnect();
  }
}

interface Script {
  readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[];
}

function hasRun({ functions }: Script): boolean {
  return functions.some(({ ranges }) => (ranges[0]?.count ?? 0) > 0);
}

function sourceOf(url: string): string[] {
  return /\/((?:packages|services)\/[^/]+\/src\/.+)$/.exec(url)?.slice(1) ?? [];
}
