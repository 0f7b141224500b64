import { beforeAll, describe, expect, test } from '@jest/globals';
import { openSessionKeys, replaceSessionKeys, reencrypt } from '../../src/index.ts';
import { pool, OLD, NEW, columns, fresh, open } from './scene.ts';

export function sessionKeys(): void {
  describe('session keys', () => {
    beforeAll(fresh);

    test('are the same before and after the encryption key is replaced: nobody is signed out', async () => {
      const first = await openSessionKeys({ pool, vault: await open(OLD), seed: OLD });
      const vault = await open(NEW, OLD);
      await reencrypt({ pool, vault }, columns);
      expect(await openSessionKeys({ pool, vault: await open(NEW), seed: NEW })).toEqual(first);
    });

    test('are replaced on request', async () => {
      const vault = await open(NEW);
      const first = await openSessionKeys({ pool, vault, seed: NEW });
      await replaceSessionKeys({ pool, vault });
      expect(await openSessionKeys({ pool, vault, seed: NEW })).not.toEqual(first);
    });
  });
}
