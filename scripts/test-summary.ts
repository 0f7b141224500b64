import fs from 'node:fs';
import path from 'node:path';
import { root, type WorkspacePackage } from './workspace.ts';

/** What jest/reporter.js writes for one test file. */
export interface FileResult {
  readonly file: string;
  /** From its first line to its last, including what ran beside it. */
  readonly seconds: number;
  readonly passed: number;
  /** `why` is jest's explanation: message, difference, stack. */
  readonly failed: readonly { readonly name: string; readonly why: string }[];
  readonly skipped: readonly { readonly name: string; readonly why: string }[];
}

export interface PackageResult {
  readonly name: string;
  /** Relative to the root: `packages/protocol`. */
  readonly folder: string;
  /** Undefined if the package left no results: it was not built, has no tests, or was never reached. */
  readonly files: readonly FileResult[] | undefined;
}

export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly text: string;
}

const RESULTS = 'test-results.json';

/** Removes results of earlier runs, so that an old one is not read for a package that is not run. */
export function forgetResults(packages: readonly WorkspacePackage[]): void {
  for (const { folder } of packages) fs.rmSync(path.join(root, folder, RESULTS), { force: true });
}

export function readResults(packages: readonly WorkspacePackage[]): PackageResult[] {
  return packages.map(({ name, folder }) => {
    const file = path.join(root, folder, RESULTS);
    if (!fs.existsSync(file)) return { name, folder, files: undefined };
    const { files } = JSON.parse(fs.readFileSync(file, 'utf8')) as { files: FileResult[] };
    return { name, folder, files };
  });
}

/** Adds up the packages' results. A package without a result counts as one failure, never as nothing. */
export function summarize(reports: readonly PackageResult[]): Summary {
  const files = reports.flatMap(({ folder, files: own }) =>
    (own ?? []).map((result) => ({ ...result, file: `${folder}/${result.file}` })),
  );
  const silent = reports.filter((report) => report.files === undefined);

  const passed = files.reduce((sum, file) => sum + file.passed, 0);
  const failed = files.reduce((sum, file) => sum + file.failed.length, 0) + silent.length;
  const skipped = files.reduce((sum, file) => sum + file.skipped.length, 0);

  const failures = [
    ...silent.map(({ folder }) => `${folder}: no results (it did not build, or has no tests)`),
    ...files.flatMap(({ file, failed: own }) =>
      own.flatMap(({ name, why }) => [`${file}: ${name}`, ...beginning(why), `    again: ${again(file, name)}`]),
    ),
  ];
  const slowest = files.toSorted((a, b) => b.seconds - a.seconds).slice(0, SLOWEST_SHOWN);
  const text = [
    ...section(
      'Packages',
      reports.map(({ name, files: own }) => `${name}: ${own ? counts(own) : 'no results'}`),
    ),
    ...section(
      'Slowest files',
      slowest.map(({ file, seconds }) => `${seconds.toFixed(1).padStart(6)} s  ${file}`),
    ),
    ...section('Skipped', reasons(files)),
    ...section('Failed', failures),
    '',
    countLine(passed, failed, skipped),
  ].join('\n');
  return { passed, failed, skipped, text };
}

const WHY_LINES = 15;
const SLOWEST_SHOWN = 5;

/**
 * The command that runs one test again. Jest reads the name as a regular expression; the shell takes what is in single
 * quotes literally.
 */
function again(file: string, name: string): string {
  const [folder = '', test = ''] = file.split(/\/(?=test\/)/);
  const pattern = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll("'", "'\\''");
  return `cd ${folder} && pnpm test ${test} -t '${pattern}'`;
}

/**
 * The first lines of an explanation, without the stack frames of libraries: the summary may be all that is kept of a
 * long log, and has to say why a test failed.
 */
function beginning(why: string): string[] {
  const lines = why.split('\n').filter((line) => line.trim() !== '' && !/^\s+at .*(node_modules|node:)/.test(line));
  return lines.slice(0, WHY_LINES).map((line) => `    ${line}`);
}

export function counts(files: readonly FileResult[]): string {
  const sum = (count: (file: FileResult) => number) => files.reduce((total, file) => total + count(file), 0);
  return countLine(
    sum((f) => f.passed),
    sum((f) => f.failed.length),
    sum((f) => f.skipped.length),
  );
}

function countLine(passed: number, failed: number, skipped: number): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** One line for each file and reason, so that a skipped suite is not taken for a passed one. */
function reasons(files: readonly FileResult[]): string[] {
  return files.flatMap(({ file, skipped }) => {
    const byReason = Map.groupBy(skipped, (test) => test.why);
    return [...byReason].map(([why, tests]) => `${file}: ${tests.length} skipped, ${why}`);
  });
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}
