import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { eventually } from '@chatelaine/test-kit';
import type { Deployment, Name } from './deployment.ts';
import { docker } from './docker.ts';

const EXPANSION = `-- what an expanding migration does: the processes before it do not notice
alter table connection add column expanded_at timestamptz;
`;
const LOOK_READY =
  "fetch('http://127.0.0.1:8080/readyz').then((it) => process.exit(it.ok ? 0 : 1), () => process.exit(1))";

/** An image with one migration more than the other. */
export async function buildExpanded({ from, as }: { from: string; as: string }): Promise<void> {
  const context = fs.mkdtempSync(path.join(os.tmpdir(), 'chatelaine-expanded-'));
  fs.writeFileSync(path.join(context, 'migration.sql'), EXPANSION);
  const to = '/app/services/am/prisma/migrations/20990101000000_expand/migration.sql';
  fs.writeFileSync(path.join(context, 'Dockerfile'), `FROM ${from}\nCOPY migration.sql ${to}\n`);
  await docker('build', '-q', '-t', as, context);
  fs.rmSync(context, { recursive: true });
}

/**
 * The way of docs/operations.md: as many again of the new image; when they are ready, the old ones end, one after the
 * other.
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
  for (const id of fresh) await eventually(() => isReady(id, ['node', '-e', LOOK_READY]), { until: Boolean });
  for (const id of old) {
    await docker('stop', '-t', '20', id);
    await docker('rm', id);
  }
}

/** Whether a command in a container says yes. */
export async function isReady(id: string, command: readonly string[]): Promise<boolean> {
  return docker('exec', id, ...command).then(
    () => true,
    () => false,
  );
}

/** Since when the processes of services run: unchanged means that none had to start anew. */
export async function runningSince(deployment: Deployment, names: readonly Name[]): Promise<string> {
  const ids = (await Promise.all(names.map((name) => deployment.containers(name)))).flat();
  return docker('inspect', '-f', '{{.Name}} {{.State.StartedAt}} {{.RestartCount}}', ...ids);
}
