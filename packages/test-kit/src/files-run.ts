import { Session } from 'node:inspector/promises';

/** How often the work is done: what a timer runs during it once does not run every time. */
const TIMES = 5;

/**
 * Our source files with a function that runs each time `work` is done, such as `packages/crypto/src/dpop.ts`, sorted.
 * Do the work once before, so that functions which run only when a module is loaded are not counted.
 */
export async function filesRunBy(work: () => Promise<unknown>): Promise<readonly string[]> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    const runs: Set<string>[] = [];
    for (let time = 1; time <= TIMES; time++) {
      // this also resets the counts
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
