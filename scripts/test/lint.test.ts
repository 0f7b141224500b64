import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { root } from '../workspace.ts';

/** Only the rules of `.oxlintrc.json` for tests. */
const PLUGIN = path.join(root, 'jest/lint.js');
const { overrides } = JSON.parse(fs.readFileSync(path.join(root, '.oxlintrc.json'), 'utf8')) as {
  overrides: { files: string[]; rules: Record<string, unknown> }[];
};
const RULES = overrides
  .filter(({ files }) => files.includes('**/test/**'))
  .flatMap(({ rules }) => Object.entries(rules).filter(([name]) => name.startsWith('chatelaine-tests/')));

let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'lint-'));
  const config = { categories: { correctness: 'off' }, jsPlugins: [PLUGIN], rules: Object.fromEntries(RULES) };
  fs.writeFileSync(path.join(folder, 'rules.json'), JSON.stringify(config));
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

/** The rules that a test violates. */
function broken(source: string): string[] {
  const file = path.join(folder, 'it.test.ts');
  fs.writeFileSync(file, source);
  const oxlint = path.join(root, 'node_modules/.bin/oxlint');
  const { stdout } = spawnSync(oxlint, ['-c', path.join(folder, 'rules.json'), '-f', 'unix', file], {
    encoding: 'utf8',
  });
  return [...stdout.matchAll(/chatelaine-tests\(([\w-]+)\)\]$/gm)].map(([, rule = '']) => rule);
}

describe('what knows how fast the machine is, in a test, is refused:', () => {
  test.each([
    ['a time limit', `test('it', async () => {}, 5_000);`, 'no-timeout'],
    ['one of many tests', `test.each([1])('it', async () => {}, 5_000);`, 'no-timeout'],
    ['one of a hook', `beforeAll(async () => {}, HOOK_TIMEOUT_MS);`, 'no-timeout'],
    ['one of what it calls', `await page.click('#it', { timeout: 5_000 });`, 'no-timeout'],
    ['a sleep', `await pause(50);`, 'no-sleep'],
    ['a timer', `setTimeout(go, 50);`, 'no-sleep'],
    ['a sleep in a promise', `await new Promise((resolve) => setTimeout(resolve, 50));`, 'no-sleep'],
    ['a difference of clocks', `expect(Date.now() - began).toBeLessThan(500);`, 'no-elapsed'],
    ['one that has a name', `const took = Date.now() - began; expect(took).toBeLessThan(500);`, 'no-elapsed'],
    ['its size', `expect(Math.abs(performance.now() - began)).toBeCloseTo(0);`, 'no-elapsed'],
    ['as many runs as there is time for', `fc.assert(it, { interruptAfterTimeLimit: 500 });`, 'no-timed-count'],
  ])('%s', (_what, source, rule) => {
    expect(broken(source)).toEqual([rule]);
  });

  test('and nothing else: events, bounds of this machine, pauses between two looks', () => {
    expect(
      broken(`
        test('it', async () => {});
        test.each([1, 2])('%i', async () => {});
        await eventually(() => seen, { seconds: 5 });
        await page.click('#it', { timeout: 0 });
        await page.click('#it', { timeout: patience(5) });
        expect(performance.now() - began).toBeLessThan(patience(5));
        const took = performance.now() - began;
        expect(took).toBeLessThan(patience(5));
        while (!seen) await pause(25);
        setTimeout(go, 0);
      `),
    ).toEqual([]);
  });
});
