import { describe, expect, test } from '@jest/globals';
import { createProgress } from '../test-progress.ts';

const file = { file: 'test/a.test.ts', seconds: 1, passed: 3, failed: [], skipped: [] };
const broken = { ...file, failed: [{ name: 'breaks', why: 'no bread' }] };

function watched(results: Record<string, typeof file | typeof broken>) {
  const printed: string[] = [];
  let at = 0;
  const progress = createProgress({
    packages: ['@chatelaine/am', '@chatelaine/host', '@chatelaine/e2e'],
    resultOf: (name) => ({ name, folder: name, files: results[name] && [results[name]] }),
    print: (line) => void printed.push(line),
    now: () => (at += 2_000),
  });
  return { printed, say: (...lines: string[]) => lines.forEach((line) => progress.line(line)), end: progress.end };
}

const DONE = 'test-results.json is written';

describe('the progress of a test run', () => {
  test('is a line for each package that is done: its counts, what is running, how many are left', () => {
    const { printed, say } = watched({ '@chatelaine/am': file });
    say('@chatelaine/am:test: cache miss', '@chatelaine/host:test: PASS', `@chatelaine/am:test: ${DONE}`);
    expect(printed).toEqual(['[ 1/3] ✓ am: 3 passed, 0 failed, 4 s · running: host · left: 1']);
  });

  test('shows what a package printed where a test of it failed, and only there', () => {
    const { printed, say } = watched({ '@chatelaine/am': file, '@chatelaine/host': broken });
    say('@chatelaine/am:test: noise', '@chatelaine/host:test: ● breaks', `@chatelaine/am:test: ${DONE}`);
    say(`@chatelaine/host:test: ${DONE}`);
    expect(printed.join('\n')).toContain('● breaks');
    expect(printed.join('\n')).not.toContain('noise');
  });

  test('shows what a package printed that ended without results', () => {
    const { printed, say, end } = watched({});
    say('@chatelaine/am:test: out of memory');
    end();
    expect(printed[0]).toBe('out of memory');
    expect(printed[1]).toMatch(/^\[ 1\/3\] ✗ am/);
  });

  test('shows what a build printed that failed', () => {
    const { printed, say } = watched({});
    say('@chatelaine/am:build: src/app.ts(1,1): error', '@chatelaine/am:build: ERROR: command finished with error');
    expect(printed).toContain('am: src/app.ts(1,1): error');
  });
});
