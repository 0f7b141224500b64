import type { Constellation } from '@chatelaine/constellation';
import type { Browser } from 'playwright-core';
import { newContext } from './chromium.ts';

/** Where an icon would be fetched from; it is stored as if it had been. */
export const iconUri = (name: string): string => `https://${name}.example/icon.png`;

/** What a canvas draws on 96 pixels each way: a full square, one that is mostly transparent, one that is not square. */
const DRAWN: Readonly<Record<string, string>> = {
  lifestream: `sheet('#0b7285'); wave('#e3fafc', 38); wave('#66d9e8', 60)`,
  plain: `paint.fillStyle = '#212529'; paint.arc(48, 48, 30, 0, 7); paint.fill()`,
  errands: `sheet('#e8590c', 24); wave('#fff4e6', 48)`,
};

/**
 * Stores icons as the AM does after it has fetched them: one for Lifestream, the others for any app whose icon is at
 * {@link iconUri}.
 */
export async function storeIcons({ database }: Pick<Constellation, 'database'>, browser: Browser): Promise<void> {
  const context = await newContext(browser);
  const page = await context.newPage();
  for (const [name, drawing] of Object.entries(DRAWN)) {
    const picture = await page.evaluate<string>(`(() => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 96, height: 96 });
      const paint = canvas.getContext('2d');
      const sheet = (colour, margin = 0) => {
        paint.fillStyle = colour;
        paint.fillRect(0, margin, 96, 96 - 2 * margin);
      };
      const wave = (colour, y) => {
        paint.strokeStyle = colour;
        paint.lineWidth = 9;
        paint.beginPath();
        paint.moveTo(12, y);
        paint.bezierCurveTo(36, y - 26, 60, y + 26, 84, y);
        paint.stroke();
      };
      ${drawing};
      return canvas.toDataURL('image/webp').split(',')[1];
    })()`);
    await database.query(
      'am',
      `insert into icon (uri, id, picture, wanted_at, again_at)
       values ($1, $2, decode($3, 'base64'), now(), now() + interval '7 days')`,
      [iconUri(name), `icon_${name}`, picture],
    );
  }
  await context.close();
  await database.query('am', `update connection set logo_uri = $1 where client_name = 'Lifestream'`, [
    iconUri('lifestream'),
  ]);
}
