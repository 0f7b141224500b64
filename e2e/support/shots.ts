// Photographs every page at both widths, light and dark: `pnpm shots [part of a name …]`. The pictures are in .run/shots/, to be looked at.

import fs from 'node:fs';
import path from 'node:path';
import { chromiumPath, launchChromium } from './chromium.ts';
import { contextFor, setStage } from './stage.ts';
import { STOPS } from './stops.ts';

const OUT = path.join(import.meta.dirname, '../../.run/shots');
const WIDTHS = [1280, 390];
const SCHEMES = ['light', 'dark'] as const;

const executable = chromiumPath();
if (executable === null) throw new Error('There is no Chromium on this machine; CHROMIUM may name one.');
const wanted = process.argv.slice(2);
const stops = STOPS.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
fs.mkdirSync(OUT, { recursive: true });

const browser = await launchChromium(executable, { as: 'one process' });
const stage = await setStage(browser);
try {
  for (const stop of stops) {
    await (stop.around ?? ((_stage, look) => look()))(stage, async () => {
      for (const width of WIDTHS) for (const colorScheme of SCHEMES) await shoot(stop, width, colorScheme);
    });
    console.log(stop.name);
  }
} finally {
  await browser.close();
  await stage.close();
}

async function shoot(
  stop: (typeof STOPS)[number],
  width: number,
  colorScheme: (typeof SCHEMES)[number],
): Promise<void> {
  const viewport = { width, height: width > 600 ? 800 : 844 };
  const context = await contextFor(browser, stage.people[stop.who], stage.house, { viewport, colorScheme });
  const page = await context.newPage();
  await page.goto(stop.url(stage));
  await stop.act?.(page, stage);
  await page.evaluate(
    `Promise.all([...document.images].map((it) => ((it.loading = 'eager'), it.decode().catch(() => {}))))`,
  );
  await page.screenshot({ path: path.join(OUT, `${stop.name}-${width}-${colorScheme}.png`), fullPage: true });
  await context.close();
}
