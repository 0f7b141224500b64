import type http from 'node:http';
import { describe, expect, it } from '@jest/globals';
import sharp from 'sharp';
import { type Answer, app, asked, at, consent, deployment, plain, served, settled, shownIn } from './scene.ts';

/** Icons that are attacks or mistakes. */
export function refused(): void {
  describe('what is no icon leaves a letter, and is not asked for again for hours', () => {
    const SVG = Buffer.from(
      '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64"/></svg>',
    );
    const small = () => plain(64, '#0ff').png().toBuffer();
    const BAD: readonly (readonly [string, () => Promise<Answer>])[] = [
      ['SVG', async () => served(SVG, 'image/svg+xml')],
      ['SVG that says it is PNG', async () => served(SVG)],
      ['TIFF that says it is PNG', async () => served(await plain(64, '#0ff').tiff().toBuffer())],
      ['a picture that says it is a page', async () => served(await small(), 'text/html')],
      ['a picture that says it is of another kind', async () => served(await small(), 'image/gif')],
      ['a picture that is cut off', async () => served((await noise()).subarray(0, 9_000))],
      ['a picture that unpacks to sixty megabytes', async () => served(await bomb(8_000))],
      ['a picture that is a little too wide', async () => served(await bomb(2_049))],
      ['a body without an end', async () => (response) => endless(response.writeHead(200, PNG))],
      [
        'a redirect to a private address',
        async () => (response) => response.writeHead(302, { location: '/private' }).end(),
      ],
      ['nothing', async () => (response) => response.writeHead(204).end()],
      [
        'an error with a picture',
        async () => {
          const bytes = await small();
          return (response) => response.writeHead(500, PNG).end(bytes);
        },
      ],
    ];
    const PNG = { 'content-type': 'image/png' };
    const noise = async () =>
      sharp({
        create: {
          width: 100,
          height: 100,
          channels: 3,
          background: '#fff',
          noise: { type: 'gaussian', mean: 128, sigma: 60 },
        },
      })
        .png()
        .toBuffer();
    const bomb = (side: number) =>
      sharp({ create: { width: side, height: side, channels: 3, background: '#fff' } })
        .toColourspace('b-w')
        .png({ compressionLevel: 9 })
        .toBuffer();
    function endless(response: http.ServerResponse): void {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
      };
      response.on('drain', more);
      more();
    }

    it.each(BAD)('%s', async (_what, make) => {
      const uri = at(await make());
      const requester = app(uri);
      const owner = await deployment.owner();
      await requester.push();
      expect((await settled(uri)).id).toBeNull();
      const page = await consent(requester, owner);
      expect([page.status, shownIn(page.text)]).toEqual([200, null]);
      expect(page.text).toContain('class="initial hue-');
      expect(
        await deployment.rows(
          "select 1 from icon where uri = $1 and due_at is null and again_at > now() + interval '5 hours'",
          [uri],
        ),
      ).toHaveLength(1);
      expect(asked.filter((path) => uri.endsWith(path))).toHaveLength(1);
      expect(asked).not.toContain('/private');
    });

    it('an address that the guard refuses is not connected to', async () => {
      const uri = 'https://10.0.0.1/icon.png';
      await app(uri).push();
      expect((await settled(uri)).id).toBeNull();
    });
  });
}
