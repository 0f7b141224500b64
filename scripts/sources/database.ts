// Checks that there is one way to the database (docs/architecture.md): named queries through packages/postgres, and
// Prisma's model calls; both only in stores.

/** Where SQL and Prisma are allowed: stores, folders of queries, and the packages whose only subject they are. */
const STORE =
  /(^|[/-])store\.tsx?$|\/sql\/[^/]+\.ts$|^packages\/(postgres|oauth-server-pg|dev-postgres|constellation|test-kit)\//;
const JUDGED = /^(packages|services)\/[^/]+\/src\/(?!generated\/)/;

const REFUSED: readonly { pattern: RegExp; instead: string }[] = [
  { pattern: /\bdefineQuery\b|\.query[<(]/, instead: 'SQL is in a store (…store.ts, sql/*.ts)' },
  { pattern: /\b(prisma|tx)\.(?!\$)\w+\.\w+\(/, instead: "Prisma's model calls are in a store (…store.ts)" },
];
const RAW = /\$(query|execute)Raw/;

export function databaseProblems(file: string, text: string): string[] {
  if (!JUDGED.test(file)) return [];
  return text.split('\n').flatMap((line, index) => {
    const at = `${file}:${index + 1}`;
    if (RAW.test(line) && !file.startsWith('packages/dev-postgres/'))
      return [`${at} SQL goes through packages/postgres (run, runOne, runForRow), not through Prisma.`];
    if (STORE.test(file)) return [];
    return REFUSED.filter(({ pattern }) => pattern.test(line)).map(({ instead }) => `${at} ${instead}.`);
  });
}
