import { counts, type PackageResult } from './test-summary.ts';

/** The tests of one package, as far as turbo's output tells. */
interface Task {
  state: 'left' | 'running' | 'done';
  began: number;
  readonly output: string[];
}

export interface ProgressInput {
  /** Names of the packages whose tests are run. */
  readonly packages: readonly string[];
  /** The result of a package's tests; read once turbo says that the package is done. */
  readonly resultOf: (name: string) => PackageResult | undefined;
  readonly print: (line: string) => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

const DONE = 'test-results.json is written';

/**
 * Reads turbo's output line by line, and prints instead how far the tests have come: a line when a package is done,
 * with its counts and with what is running and left. A task's own output is shown only if it failed.
 */
export function createProgress({ packages, resultOf, print, now }: ProgressInput) {
  const tests = new Map<string, Task>(packages.map((name) => [name, { state: 'left', began: 0, output: [] }]));
  const builds = new Map<string, string[]>();
  const inState = (state: Task['state']) =>
    [...tests].filter(([, task]) => task.state === state).map(([name]) => short(name));

  const finish = (name: string, task: Task): void => {
    task.state = 'done';
    const result = resultOf(name);
    const failed = result?.files?.some((file) => file.failed.length > 0) ?? true;
    if (failed) for (const line of task.output) print(line);
    const done = inState('done').length;
    const took = ((now() - task.began) / 1000).toFixed(0);
    const running = inState('running');
    print(
      `[${String(done).padStart(2)}/${tests.size}] ${failed ? '✗' : '✓'} ${short(name)}: ` +
        `${counts(result?.files ?? [])}, ${took} s` +
        `${running.length > 0 ? ` · running: ${running.join(', ')}` : ''} · left: ${inState('left').length}`,
    );
  };

  return {
    /** One line of turbo's output: `@chatelaine/am:test: …`, or turbo's own. */
    line(text: string): void {
      const [, name = '', task = '', words = ''] = /^(@chatelaine\/[\w-]+)[:#](\w+): ?(.*)$/.exec(text) ?? [];
      const test = task === 'test' ? tests.get(name) : undefined;
      if (test === undefined) {
        if (name === '') return;
        builds.set(name, [...(builds.get(name) ?? []), words]);
        if (/ERROR/.test(words)) for (const line of builds.get(name) ?? []) print(`${short(name)}: ${line}`);
        return;
      }
      if (test.state === 'done') return;
      if (test.state === 'left') {
        test.state = 'running';
        test.began = now();
      }
      test.output.push(words);
      if (words.includes(DONE)) finish(name, test);
    },
    /** After turbo has ended: shows the output of tasks that never reported that they were done. */
    end(): void {
      for (const [name, task] of tests) if (task.state === 'running') finish(name, task);
    },
  };
}

const short = (name: string): string => name.replace('@chatelaine/', '');
