import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { eventually } from '@chatelaine/test-kit';
import type { Deployment, Name } from './deployment.ts';
import { docker } from './docker.ts';

const EXPANSION = `-- an expanding migration: processes of the version before it are not affected
alter table connection add column expanded_at timestamptz;
`;
const CHECK_READY =
  "fetch('http://127.0.0.1:8080/readyz').then((it) => process.exit(it.ok ? 0 : 1), () => process.exit(1))";

/** Builds an image with one more migration than another. */
export async function buildExpanded({ from, as }: { from: string; as: string }): Promise<void> {
  const context = fs.mkdtempSync(path.join(os.tmpdir(), 'chatelaine-expanded-'));
  fs.writeFileSync(path.join(context, 'migration.sql'), EXPANSION);
  const to = '/app/services/am/prisma/migrations/20990101000000_expand/migration.sql';
  fs.writeFileSync(path.join(context, 'Dockerfile'), `FROM ${from}\nCOPY migration.sql ${to}\n`);
  await docker('build', '-q', '-t', as, context);
  fs.rmSync(context, { recursive: true });
}

/**
 * As docs/operations.md says: as many containers of the new image are started; when they are ready, the old ones are
 * stopped, one after the other.
 */
export async function replaceOneByOne(
  deployment: Deployment,
  { name, image }: { name: Name; image: string },
): Promise<void> {
  const old = await deployment.containers(name);
  const scale = (count: number) => [
    'up',
    '-d',
    '--no-build',
    '--no-deps',
    '--no-recreate',
    '--scale',
    `${name}=${count}`,
    name,
  ];
  await deployment.compose(scale(2 * old.length), { [name]: image });
  const fresh = (await deployment.containers(name)).filter((id) => !old.includes(id));
  for (const id of fresh) await eventually(() => succeeds(id, ['node', '-e', CHECK_READY]), { until: Boolean });
  for (const id of old) {
    await docker('stop', '-t', '20', id);
    await docker('rm', id);
  }
}

/** Whether a command in a container exits with 0. */
export async function succeeds(id: string, command: readonly string[]): Promise<boolean> {
  return docker('exec', id, ...command).then(
    () => true,
    () => false,
  );
}

/** When the containers of services started, and how often they were restarted. */
export async function startTimes(deployment: Deployment, names: readonly Name[]): Promise<string> {
  const ids = (await Promise.all(names.map((name) => deployment.containers(name)))).flat();
  return docker('inspect', '-f', '{{.Name}} {{.State.StartedAt}} {{.RestartCount}}', ...ids);
}
