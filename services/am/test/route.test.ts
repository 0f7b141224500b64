import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { filesRunBy } from '@chatelaine/test-kit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { TestDeployment } from './support/deployment.ts';

/** In seconds: about as far ahead as a timer of Node reaches. */
const NEVER = 2_000_000;
const DOCUMENT = path.join(import.meta.dirname, '../../../docs/architecture.md');

describe('the route of one transfer, as docs/architecture.md has it', () => {
  let deployment: TestDeployment;
  let run: readonly string[];
  let document: string;
  beforeAll(async () => {
    document = await readFile(DOCUMENT, 'utf8');
    // the AM's background jobs are not part of a transfer's route, and on a slow machine they would run during it
    const jobs = { everySeconds: NEVER, dueEverySeconds: NEVER, seenEverySeconds: NEVER };
    deployment = await TestDeployment.build({ config: { jobs, keysReadEverySeconds: NEVER } });
    const { requester, connection } = await deployment.story({ 'photos.read': 'allow' });
    const input = { connection, resource: deployment.host.resource, scope: 'photos.read' };
    const transfer = async () => expect((await requester.transfer(input)).status).toBe(200);
    await transfer();
    run = await filesRunBy(transfer);
  });
  afterAll(() => deployment.close());

  it.each([
    ['services/am/src/', 12],
    ['packages/oauth-server/src/', 10],
  ])('leads through the files of %s that it lists, %d at most', (folder, most) => {
    const files = run.filter((file) => file.startsWith(folder));
    expect(listed(document, folder)).toEqual(files);
    expect(files.length).toBeLessThanOrEqual(most);
  });

  it('fits on one screen: the steps of transfer.ts', async () => {
    const source = await readFile(path.join(import.meta.dirname, '../src/transfer/transfer.ts'), 'utf8');
    expect(source.split('\n').length).toBeLessThanOrEqual(140);
  });
});

/** The files that are listed under the folder's name. */
function listed(document: string, folder: string): string[] {
  const [, after = ''] = document.split(`In \`${folder}\`:\n`);
  const [list = ''] = after.trimStart().split('\n\n');
  return [...list.matchAll(/^\d+\. `([^`]+)`/gm)].map(([, file = '']) => `${folder}${file}.ts`).toSorted();
}
