// Writes the next migration of a service or package: what its Prisma files say and its migrations do not yet.
//   pnpm db:migration am add_rules

import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { schemaDiff, startEmbedded } from '@chatelaine/dev-postgres';
import { root, type WorkspacePackage, workspacePackages } from './workspace.ts';

const USAGE =
  'Usage: pnpm db:migration <service or package> <name_in_snake_case>, for example: pnpm db:migration am add_rules';

const { positionals } = parseArgs({ allowPositionals: true });
const [owner, name] = positionals;
const packages = workspacePackages();
const target = packages.find(({ folder }) => path.basename(folder) === owner);
if (target === undefined || name === undefined || !/^[a-z][a-z0-9_]*$/.test(name)) {
  console.error(
    target === undefined && owner !== undefined ? `There is no service or package "${owner}".\n${USAGE}` : USAGE,
  );
  process.exit(2);
}

const parts = bringers(target, packages);
const server = await startEmbedded();
try {
  const sql = await schemaDiff({
    url: server.url('postgres'),
    schemaFiles: parts.flatMap(schemaFiles),
    migrationDirs: parts.map(migrationsDir).filter((dir) => fs.existsSync(dir)),
  });
  console.log(
    sql === null ? `The migrations of ${target.folder} already say what its schema says.` : write(target, name, sql),
  );
} finally {
  await server.stop();
}

/** The package, and those it depends on that have tables: their union is the schema its migrations run in. */
function bringers(start: WorkspacePackage, all: readonly WorkspacePackage[]): WorkspacePackage[] {
  const found = new Set([start]);
  for (const { dependencies } of found) {
    for (const dependency of all.filter((candidate) => dependencies.includes(candidate.name))) found.add(dependency);
  }
  return [...found].filter((part) => schemaFiles(part).length > 0);
}

function schemaFiles({ folder }: WorkspacePackage): string[] {
  return fs.globSync('prisma/*.prisma', { cwd: path.join(root, folder) }).map((file) => path.join(root, folder, file));
}

function migrationsDir({ folder }: WorkspacePackage): string {
  return path.join(root, folder, 'prisma/migrations');
}

function write(owningPackage: WorkspacePackage, label: string, sql: string): string {
  const folder = path.join(migrationsDir(owningPackage), `${timestamp(new Date())}_${label}`);
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, 'migration.sql');
  fs.writeFileSync(file, sql);
  return (
    `${path.relative(root, file)}\nRead it, and write by hand what a Prisma schema cannot say: ` +
    'CHECKs, partial indexes, grants, moved data.'
  );
}

/** 20261123104600, in UTC: migrations of all packages sort in the order in which they were written. */
function timestamp(date: Date): string {
  return date.toISOString().replace(/\D/g, '').slice(0, 14);
}
