import fs from 'node:fs';
import path from 'node:path';
import { root, type WorkspacePackage } from './workspace.ts';

/** What jest.reporter.js writes. */
interface FileResult {
  readonly file: string;
  readonly passed: number;
  readonly failed: readonly string[];
  readonly skipped: readonly { readonly name: string; readonly why: string }[];
}

export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly text: string;
}

const RESULTS = 'test-results.json';

/** Removes results of earlier runs, so that a package that does not get to run cannot answer with an old one. */
export function forgetResults(packages: readonly WorkspacePackage[]): void {
  for (const { folder } of packages) fs.rmSync(path.join(root, folder, RESULTS), { force: true });
}

/** Adds the packages' results up. A package without a result counts as one failure: it did not build or did not run. */
export function summarize(packages: readonly WorkspacePackage[]): Summary {
  const reports = packages.map((workspacePackage) => ({ ...workspacePackage, files: readResults(workspacePackage) }));
  const files = reports.flatMap(({ folder, files: own }) =>
    (own ?? []).map((result) => ({ ...result, file: `${folder}/${result.file}` })),
  );
  const silent = reports.filter((report) => report.files === undefined);

  const passed = files.reduce((sum, file) => sum + file.passed, 0);
  const failed = files.reduce((sum, file) => sum + file.failed.length, 0) + silent.length;
  const skipped = files.reduce((sum, file) => sum + file.skipped.length, 0);

  const failures = [
    ...silent.map(({ folder }) => `${folder}: no results (it did not build, or has no tests)`),
    ...files.flatMap((file) => file.failed.map((name) => `${file.file}: ${name}`)),
  ];
  const text = [
    ...section(
      'Packages',
      reports.map(({ name, files: own }) => `${name}: ${own ? counts(own) : 'no results'}`),
    ),
    ...section('Skipped', reasons(files)),
    ...section('Failed', failures),
    '',
    countLine(passed, failed, skipped),
  ].join('\n');
  return { passed, failed, skipped, text };
}

function readResults({ folder }: WorkspacePackage): FileResult[] | undefined {
  const file = path.join(root, folder, RESULTS);
  if (!fs.existsSync(file)) return undefined;
  return (JSON.parse(fs.readFileSync(file, 'utf8')) as { files: FileResult[] }).files;
}

function counts(files: readonly FileResult[]): string {
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

/** One line for each file and reason, so that nobody takes a skipped suite for a passed one. */
function reasons(files: readonly FileResult[]): string[] {
  return files.flatMap(({ file, skipped }) => {
    const byReason = Map.groupBy(skipped, (test) => test.why);
    return [...byReason].map(([why, tests]) => `${file}: ${tests.length} skipped, ${why}`);
  });
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}
