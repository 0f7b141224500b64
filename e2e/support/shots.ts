// Takes screenshots of every page at both widths, light and dark: `pnpm shots [part of a name …]`. They are in
// .run/shots/. `pnpm shots --docs` retakes those of README.md and docs/, in docs/img.

import fs from 'node:fs';
import path from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { chromiumPath, launchChromium } from './chromium.ts';
import { eventually } from '@chatelaine/test-kit';
import { startAppSite } from '../../scripts/start/app-site.ts';
import { seedApps } from '../../scripts/start/seed-apps.ts';
import { storeIcons } from './icons.ts';
import { contextFor, setStage } from './stage.ts';
import { type PageView, PAGE_VIEWS } from './page-views.ts';

const OUT = path.join(import.meta.dirname, '../../.run/shots');
const WIDTHS = [1280, 390];
const SCHEMES = ['light', 'dark'] as const;

const executable = chromiumPath();
if (executable === null) throw new Error('There is no Chromium on this machine; CHROMIUM may name one.');
const DOCS = path.join(import.meta.dirname, '../../docs/img');
/** The page views whose pictures are in the documents, from the top of the page or from a heading. */
const PICTURES: Readonly<Record<string, readonly [view: string, from?: string]>> = {
  feed: ['lifestream-feed'],
  overview: ['am-home'],
  consent: ['am-consent', 'What it may ask for'],
  connection: ['am-app', 'Your terms'],
  'terms-own': ['am-terms-new-version'],
  'terms-consent': ['am-consent-terms', 'Your terms'],
  'terms-app': ['am-app-terms-signed', 'Your terms'],
};
const PICTURE = { width: 900, height: 560 };

const wanted = process.argv.slice(2);
const isForDocs = wanted[0] === '--docs';
const pictured = Object.values(PICTURES).map(([view]) => view);
const views = isForDocs
  ? PAGE_VIEWS.filter(({ name }) => pictured.includes(name))
  : PAGE_VIEWS.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
fs.mkdirSync(OUT, { recursive: true });

const browser = await launchChromium(executable, { as: 'one process' });
const stage = await setStage(browser);
try {
  // as people who run the demo see it
  if (isForDocs) await addSmallApps();
  else await storeIcons(stage.deployment, browser);
  for (const view of views) {
    await (view.around ?? ((_stage, look) => look()))(stage, async () => {
      if (isForDocs) await picture(view);
      else for (const width of WIDTHS) for (const colorScheme of SCHEMES) await shoot(view, width, colorScheme);
    });
    console.log(view.name);
  }
} finally {
  await browser.close();
  await stage.close();
}

async function addSmallApps(): Promise<void> {
  const { am, hosts, database, guest } = stage.deployment;
  const site = await startAppSite(guest('apps'));
  await seedApps(stage.people.robin, { am, hosts, site: guest('apps').url }, () => undefined);
  // all three icons, which are fetched in the background
  await eventually(() => database.query('am', 'select from icon where id is not null'), {
    until: ({ length }) => length === 3,
  });
  await site.close();
}

async function shoot(view: PageView, width: number, colorScheme: (typeof SCHEMES)[number]): Promise<void> {
  const viewport = { width, height: width > 600 ? 800 : 844 };
  await at(view, { viewport, colorScheme }, (page) =>
    page.screenshot({ path: path.join(OUT, `${view.name}-${width}-${colorScheme}.png`), fullPage: true }),
  );
}

async function picture(view: PageView): Promise<void> {
  for (const [name, [, from]] of Object.entries(PICTURES).filter(([, [of]]) => of === view.name))
    await at(view, { viewport: PICTURE, colorScheme: 'light' }, async (page) => {
      const top = from === undefined ? 0 : await topOf(page, from);
      await page.evaluate(`window.scrollBy(0, ${top})`);
      await page.screenshot({ path: path.join(DOCS, `${name}.png`) });
    });
}

/** The top of the card with this heading. */
async function topOf(page: Page, heading: string): Promise<number> {
  const box = await page.getByRole('heading', { name: heading, exact: true }).boundingBox();
  return (box?.y ?? 0) - 40;
}

async function at(
  view: PageView,
  options: BrowserContextOptions,
  look: (page: Page) => Promise<unknown>,
): Promise<void> {
  const context = await contextFor(browser, stage.people[view.who], stage.deployment, options);
  const page = await context.newPage();
  await page.goto(view.url(stage));
  await view.act?.(page, stage);
  await page.evaluate(
    `Promise.all([...document.images].map((it) => ((it.loading = 'eager'), it.decode().catch(() => {}))))`,
  );
  await look(page);
  await context.close();
}
