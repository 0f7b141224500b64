import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openKeptKey, openVault } from '@chatelaine/keys';
import { CHECKPOINT_KEY, checkpointKeysOf } from '../../src/checkpoint-keys.ts';
import { type CheckpointDeps, makeCheckpoints } from '../../src/checkpoints/make-checkpoints.ts';
import { VAULT_LABEL } from '../../src/resources.ts';
import { ENCRYPTED_COLUMNS } from '../../src/encrypted-columns.ts';
import { type Story, TestDeployment } from '../support/deployment.ts';
import { chatelaine, type CommandOutput } from '../support/operator.ts';
import { type Past, writeAsked } from '../support/past.ts';

export const deployment = await TestDeployment.build();
const { pool, config } = deployment;
const vault = await openVault({ pool, config, label: VAULT_LABEL, columns: ENCRYPTED_COLUMNS });
/** Dependencies that use the checkpoint key of the deployment. */
export const deps: CheckpointDeps = {
  pool,
  checkpointKeys: checkpointKeysOf(await openKeptKey({ pool, vault }, CHECKPOINT_KEY)),
};
export const files = mkdtempSync(path.join(tmpdir(), 'activity-'));

const HOUR = 3_600_000;
/** A full hour about 200 hours ago, minus `hours`, plus `minutes`. */
export const ago = (hours: number, minutes = 0): string =>
  new Date(Math.floor(Date.now() / HOUR - 200) * HOUR - hours * HOUR + minutes * 60_000).toISOString();
export const daysAgo = (days: number, hour: number): string =>
  new Date(Math.floor(Date.now() / (24 * HOUR) - days) * 24 * HOUR + hour * HOUR).toISOString();

/** Writes transfers of the past that the next checkpoints will cover; their ids. */
export async function asked(past: Past): Promise<string[]> {
  const ids = await writeAsked(deployment, past);
  await resetProgress();
  return ids;
}

/** Moves progress back, so that transfers with an old date are still covered. */
const resetProgress = () =>
  deployment.rows(`update checkpoint_progress set before = now() - interval '60 days' where stream = 'asked'`);

export const make = (): Promise<number> => makeCheckpoints(deps, { afterSeconds: 0 });
export const verify = ({ owner }: Story, more = ''): Promise<CommandOutput> =>
  chatelaine(deployment, `verify-timeline --owner ${owner.username} ${more}`);
/** What `verify-timeline` reports as wrong. */
export const problemsOf = async (of: Story, more = ''): Promise<string[]> =>
  (await verify(of, more)).lines.flatMap((line) => /^ {2}WRONG (.*)$/.exec(line)?.[1] ?? []);
export const person = (): Promise<Story> => deployment.story({ 'photos.read': 'allow' });

/** A story whose activity is in two checkpoints: ten transfers. */
export async function storyWithCheckpoints(): Promise<{ of: Story; ids: string[] }> {
  const of = await person();
  const first = await asked({ of, at: ago(20), times: 6 });
  await make();
  const second = await asked({ of, at: ago(19), times: 4 });
  await make();
  return { of, ids: [...first, ...second] };
}

export const numbersOf = async ({ owner }: Story): Promise<unknown[]> =>
  (
    await deployment.rows<{ stream: string; number: number; total: string }>(
      'select stream, number, total from checkpoint where owner_id = $1 order by stream, number',
      [owner.id],
    )
  ).map(({ stream, number, total }) => `${stream} ${number}: ${total}`);

export async function exported(of: Story, format: 'csv' | 'json', query = ''): Promise<string> {
  const file = path.join(files, `${of.owner.username}.${format}`);
  const { text } = await of.owner.browser.submit('/timeline', `/timeline/export${query}`, { format });
  writeFileSync(file, text);
  return file;
}
