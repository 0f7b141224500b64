import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { chatelaine } from '../support/operator.ts';
import { consent, deployment, lifestream, linkOf, push } from './scene.ts';

/** The encryption key is replaced while a registration is under way. */
export function encryptionKeys(): void {
  describe('the encryption key', () => {
    test('may be replaced, and the old one removed, while an owner decides: connection and link are made', async () => {
      const [fresh, { encryptionKey: old }] = [randomBytes(32), deployment.config];
      const owner = await deployment.owner();
      const { path, verifier, hostGrant } = await push();
      expect((await owner.browser.get(path)).status).toBe(200);
      const both = { encryptionKey: fresh, previousEncryptionKeys: [old] };
      const rotate = async () => {
        const { code, lines } = await chatelaine(deployment, 'rotate-keys encryption', both);
        expect([code, lines[1]]).toEqual([0, '0 are left that were encrypted with another key.']);
      };
      await rotate();
      // this process still encrypts with the old key, and this one request is enough to keep the key in use
      await push();
      await expect(deployment.another({ config: { encryptionKey: fresh } })).rejects.toMatchObject({
        problems: [expect.stringContaining('lacks a key that 1 stored secrets are still encrypted with')],
      });
      await rotate();
      const { port } = await deployment.another({ config: { encryptionKey: fresh } });
      const { query } = await consent({ ...owner, browser: owner.browser.at(port) }, path, { host_half: 'link' });
      expect(query.get('error')).toBeNull();
      const redeemed = await lifestream.post(
        '/token',
        {
          ...(await lifestream.authentication()),
          grant_type: 'authorization_code',
          code: query.get('code') ?? '',
          code_verifier: verifier,
        },
        { port },
      );
      expect(redeemed.status).toBe(200);
      expect(deployment.host.redemptions.map(({ form }) => form.get('code'))).toEqual([hostGrant]);
      expect(await linkOf(owner)).toMatchObject([{ state: 'active' }]);
      // restores the deployment's key
      expect((await chatelaine(deployment, 'rotate-keys encryption', { previousEncryptionKeys: [fresh] })).code).toBe(
        0,
      );
    });
  });
}
