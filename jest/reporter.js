import fs from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const DONE = 'test-results.json is written';

/** A suite that cannot run everywhere says so in its title: `describe.skip('… [needs Chromium]')`. */
const NEEDS = /\[(needs [^\]]+)\]/;

/**
 * Writes `test-results.json` beside the package's jest.config.js. turbo stores it as the task's output, so that a
 * run from the cache still knows its counts and what was skipped; scripts/test-summary.ts adds the files up.
 */
export default class ResultsReporter {
  onRunComplete(contexts, run) {
    const [context] = contexts;
    if (context === undefined) return;
    const { rootDir } = context.config;
    const results = run.testResults.map((file) => summarize(rootDir, file));
    fs.writeFileSync(path.join(rootDir, 'test-results.json'), `${JSON.stringify({ files: results }, null, 2)}\n`);
    // scripts/check.ts reads it from the output, which turbo repeats where it takes the results from its cache
    process.stdout.write(`\n${DONE}\n`);
  }
}

function summarize(rootDir, file) {
  const tests = file.testResults;
  const failed = tests
    .filter((test) => test.status === 'failed')
    .map((test) => ({ name: test.fullName, why: stripVTControlCharacters(test.failureMessages.join('\n')) }));
  // a file that does not load has no tests; it must not count as nothing
  if (file.testExecError || (file.failureMessage && failed.length === 0))
    failed.push({ name: '(the file did not run)', why: stripVTControlCharacters(file.failureMessage ?? '') });
  return {
    file: path.relative(rootDir, file.testFilePath),
    seconds: Math.round((file.perfStats.end - file.perfStats.start) / 10) / 100,
    passed: tests.filter((test) => test.status === 'passed').length,
    failed,
    skipped: tests.filter((test) => !['passed', 'failed'].includes(test.status)).map(skipped),
  };
}

function skipped(test) {
  return { name: test.fullName, why: NEEDS.exec(test.fullName)?.[1] ?? 'skipped in the source' };
}
