import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTerms } from '../../src/terms/documents.ts';
import { NEWER } from '../support/terms.ts';
import { deployment } from './scene.ts';

/** Documents that an operator adds are checked at start. PROTOCOL §10.1. */
export function documents(): void {
  describe('terms documents of an operator', () => {
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(path.join(os.tmpdir(), 'documents-'));
    });
    afterAll(() => rm(folder, { recursive: true }));

    const open = () =>
      openTerms({ config: { issuer: deployment.config.issuer, termsDirectory: folder }, pool: deployment.pool });
    const own = { ...NEWER, id: 'by-us', version: '1.0' };
    const write = (content: unknown) =>
      writeFile(path.join(folder, 'own.json'), typeof content === 'string' ? content : JSON.stringify(content));

    it('are offered beside those that ship, the newest version of each', async () => {
      await write({ ...own, version: '1.9' });
      await writeFile(path.join(folder, 'later.json'), JSON.stringify({ ...own, version: '1.10' }));
      const { roster, newerThan } = await open();
      expect(roster.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['by-us/1.10', 'no-training/1.0', 'only-for-me/1.0', 'not-passed-on/1.0']),
      );
      expect(roster).toHaveLength(5);
      expect([newerThan('by-us/1.9')?.name, newerThan('by-us/1.10'), newerThan('gone/1.0')]).toEqual([
        'by-us/1.10',
        null,
        null,
      ]);
      await rm(path.join(folder, 'later.json'));
    });

    it('are served with their octets for good, their file gone or not', async () => {
      await write({ ...own, version: '2.0' });
      const served = await (await open()).find('by-us/2.0');
      await write({ ...own, version: '2.1' });
      expect(await (await open()).find('by-us/2.0')).toEqual(served);
    });

    it('keep the service from starting when their text changed without a new version, or two are of one', async () => {
      await write({ ...own, version: '3.0' });
      await open();
      await write({ ...own, version: '3.0', summary: 'We do as we like.' });
      await expect(open()).rejects.toThrow('Give it a new version');
      await write({ ...own, id: 'no-training', version: '1.0' });
      await expect(open()).rejects.toThrow('Two files');
    });

    it.each<[string, unknown]>([
      ['no JSON', '{'],
      ['a member twice', '{"id":"x","id":"y"}'],
      ['a member more', { ...own, effective: 'now' }],
      ['an id that is no name', { ...own, id: '../x' }],
      ['more than 16 KB', { ...own, purposes: Array(20).fill(`https://${'a'.repeat(1000)}`) }],
    ])('keep it from starting when one has %s', async (_what, content) => {
      await write(content);
      await expect(open()).rejects.toThrow('own.json');
    });
  });
}
