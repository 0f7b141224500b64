import { describe, expect, it } from '@jest/globals';
import { type FileResult, type PackageResult, summarize } from '../test-summary.ts';

const file = (result: Partial<FileResult>): FileResult => ({
  file: 'test/a.test.ts',
  seconds: 1,
  passed: 0,
  failed: [],
  skipped: [],
  ...result,
});
const report = (files: PackageResult['files']): PackageResult => ({
  name: '@chatelaine/a',
  folder: 'packages/a',
  files,
});
const lastLine = (text: string) => text.split('\n').at(-1);

describe('the test summary', () => {
  it('ends in a plain line of counts', () => {
    const { text } = summarize([
      report([file({ passed: 3 }), file({ passed: 4, failed: [{ name: 'breaks', why: '' }] })]),
    ]);
    expect(lastLine(text)).toBe('7 passed, 1 failed');
  });

  it('names skipped tests in the last line only when there are some, and says why above', () => {
    const { text, skipped } = summarize([
      report([
        file({
          passed: 1,
          skipped: [
            { name: 'x', why: 'needs Chromium' },
            { name: 'y', why: 'needs Chromium' },
          ],
        }),
      ]),
    ]);
    expect(lastLine(text)).toBe('1 passed, 0 failed, 2 skipped');
    expect(text).toContain('packages/a/test/a.test.ts: 2 skipped, needs Chromium');
    expect(skipped).toBe(2);
  });

  it('says why a test failed, in a few lines and without the stack frames of libraries', () => {
    const frames = '    at Object.<anonymous> (test/a.test.ts:3:5)\n    at run (../../node_modules/jest/x.js:1:2)';
    const why = `Error: no bread\n\n${frames}\n${'more\n'.repeat(50)}`;
    const { text } = summarize([report([file({ failed: [{ name: 'breaks', why }] })])]);
    const lines = text.slice(text.indexOf('Failed')).split('\n');
    expect(lines.slice(1, 4)).toEqual([
      '  packages/a/test/a.test.ts: breaks',
      '      Error: no bread',
      '          at Object.<anonymous> (test/a.test.ts:3:5)',
    ]);
    expect(text).not.toContain('node_modules');
    expect(lines.filter((line) => line.includes('more')).length).toBeLessThan(20);
  });

  it('says of each failed test how to run it alone', () => {
    const { text } = summarize([
      report([file({ failed: [{ name: "a cook’s (own) pot: isn’t 1.5 l, it's full", why: '' }] })]),
    ]);
    expect(text).toContain(
      'again: cd packages/a && pnpm test test/a.test.ts ' +
        String.raw`-t 'a cook’s \(own\) pot: isn’t 1\.5 l, it'\''s full'`,
    );
  });

  it('names the five slowest files, slowest first', () => {
    const { text } = summarize([
      report([1, 7, 3, 9, 2, 5].map((seconds) => file({ file: `test/${seconds}.test.ts`, seconds }))),
    ]);
    expect([...text.matchAll(/ s {2}packages\/a\/test\/(\d)/g)].map(([, name]) => name)).toEqual([
      '9',
      '7',
      '5',
      '3',
      '2',
    ]);
  });

  it('counts a package without results as a failure', () => {
    const { failed, text } = summarize([report([file({ passed: 1 })]), report(undefined)]);
    expect(failed).toBe(1);
    expect(text).toContain('packages/a: no results');
  });
});
