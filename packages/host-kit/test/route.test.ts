import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, expect, it } from '@jest/globals';
import { filesRunBy } from '@chatelaine/test-kit';
import { createWorld } from './support/world.ts';

const FOLDER = 'packages/host-kit/src/';
const world = await createWorld();
afterAll(() => world.close());

it('a mint leads through the files that docs/architecture.md lists, eight at most', async () => {
  const document = await readFile(path.join(import.meta.dirname, '../../../docs/architecture.md'), 'utf8');
  const host = await world.host();
  const link = await world.am.link(host);
  const mint = async () => expect((await world.am.transfer(host, { link })).status).toBe(200);
  await mint();
  const files = (await filesRunBy(mint)).filter((file) => file.startsWith(FOLDER));
  const [, after = ''] = document.split(`In \`${FOLDER}\`:\n`);
  const [list = ''] = after.trimStart().split('\n\n');
  const listed = [...list.matchAll(/^\d+\. `([^`]+)`/gm)].map(([, file = '']) => `${FOLDER}${file}.ts`);
  expect(listed.toSorted()).toEqual(files);
  expect(files.length).toBeLessThanOrEqual(8);
});
