import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { redraw } from '../../src/icons/redraw.ts';
import { plain } from './scene.ts';

/** What the drawing process makes of a picture. */
export function drawn(): void {
  describe('a picture that is drawn anew', () => {
    it.each(['png', 'jpeg', 'webp', 'gif'] as const)(
      'may be %s, and nothing of what was around it is left',
      async (format) => {
        const bytes = await plain(200, '#f0a')
          .withExifMerge({ IFD0: { Copyright: 'a secret place' } })
          .toFormat(format)
          .toBuffer();
        const drawn = await redraw(Buffer.concat([bytes, Buffer.from('<script>alert(1)</script>PK\u0003\u0004')]));
        expect(drawn).not.toBeNull();
        expect(String(drawn)).not.toMatch(/script|PK\u0003|a secret place/);
        expect(await sharp(drawn ?? undefined).metadata()).toMatchObject({ format: 'webp', width: 96, height: 96 });
      },
    );

    it('is the first of those that move', async () => {
      const frames = await Promise.all(['#f00', '#0f0', '#00f'].map((colour) => plain(40, colour).png().toBuffer()));
      const moving = await sharp(frames, { join: { animated: true } })
        .gif()
        .toBuffer();
      expect((await sharp(moving).metadata()).pages).toBe(3);
      const drawn = await redraw(moving);
      expect((await sharp(drawn ?? undefined).metadata()).pages).toBeUndefined();
      const [red = 0, green = 0] = await sharp(drawn ?? undefined)
        .raw()
        .toBuffer();
      expect([red > 200, green < 50]).toEqual([true, true]);
    });

    it('is drawn by a process that has nothing of our environment', async () => {
      const bytes = await plain(2_048, '#f0a').png().toBuffer();
      process.env['NODE_OPTIONS'] = '--require=/nowhere/at/all.cjs';
      try {
        expect(await redraw(bytes)).not.toBeNull();
      } finally {
        delete process.env['NODE_OPTIONS'];
      }
    });
  });
}
