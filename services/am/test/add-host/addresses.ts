import { describe, expect, test } from '@jest/globals';
import { add, hosts, NEUTRAL, world } from './scene.ts';

/** Addresses as people type them, and where their metadata is looked up. */
export function typedAddresses(): void {
  describe('adding a Host', () => {
    test.each([
      ['127.0.0.1'],
      ['http://127.0.0.1'],
      ['127.1'],
      ['0x7f000001'],
      ['2130706433'],
      ['0177.0.0.1'],
      ['127.0.0.1.'],
      ['１２７.0.0.1'],
      ['[::1]'],
      ['[::ffff:127.0.0.1]'],
      ['[fd00::1]'],
      ['169.254.169.254'],
      ['168.63.129.16'],
      ['100.64.0.1'],
      ['10.0.0.1'],
      ['localhost'],
      ['postgres'],
      ['metadata.google.internal'],
      ['nowhere.invalid'],
      ['my_photos.invalid'],
      ['photos.localhost:22'],
    ])('%s answers the neutral sentence, 400', async (address) => {
      const page = await add(address);
      expect(page.status).toBe(400);
      expect(page.words).toContain(NEUTRAL);
      expect(page.words).not.toMatch(/refused|ECONN|ENOTFOUND|guard|private|timeout/i);
    });

    test.each([
      ['ftp://photos.example'],
      ['file:///etc/passwd'],
      ['data:text/html,x'],
      ['gopher://x'],
      [''],
      ['a b'],
      ['https://user:pw@photos.example'],
      ['photos;x.example'],
      ["https://photos'x.example"],
    ])('%s is not an address, and nothing is looked up', async (address) => {
      const page = await add(address);
      expect(page.status).toBe(400);
      expect(page.words).toContain('not the address of a service');
    });

    test('this AM’s own address, however it is spelled, is refused', async () => {
      const { port } = new URL(world.issuer);
      for (const spelled of [world.issuer, `AM.localhost:${port}`, `http://am.localhost.:${port}/`]) {
        const page = await add(spelled);
        expect(page.status).toBe(400);
        expect(page.words).toContain('is this service itself');
      }
      expect(await hosts()).not.toContain(world.issuer);
    });
  });
}
