import fs from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import type { Browser, BrowserContextOptions, ConsoleMessage, Page, ViewportSize } from 'playwright-core';
import { chromiumPath, launchChromium } from '../support/chromium.ts';
import { contextFor, setStage, type Stage, type Who } from '../support/stage.ts';
import { type Stop, STOPS } from '../support/stops.ts';

const executable = chromiumPath();
const AXE = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const WIDE = { viewport: { width: 1280, height: 800 } };
const NARROW = { viewport: { width: 390, height: 844 }, hasTouch: true };

// a describe that is skipped still says why
const describeInBrowser = executable === null ? describe.skip : describe;
const GUARANTEE =
  'every page fits a phone, has no script, one heading, a label for every field, a visible focus, and leaves axe nothing serious to say';
describeInBrowser(`${GUARANTEE}${executable === null ? ' [needs Chromium]' : ''}`, () => {
  let browser: Browser;
  let stage: Stage;
  beforeAll(async () => {
    browser = await launchChromium(executable ?? '', { as: 'one process' });
    stage = await setStage(browser);
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  });

  const tabs = new Map<string, Promise<Page>>();
  /** One tab for everything that is looked at by the same person in the same way. */
  function tabFor(who: Who, options: BrowserContextOptions): Promise<Page> {
    const key = JSON.stringify([who, options]);
    const open = async () => (await contextFor(browser, stage.people[who], stage.house, options)).newPage();
    const opened = tabs.get(key) ?? open();
    tabs.set(key, opened);
    return opened;
  }

  /** Goes to the page, and looks. `complaints` is what the browser has to say. */
  async function at(
    stop: Stop,
    options: BrowserContextOptions & { viewport: ViewportSize },
    look: (page: Page, complaints: readonly string[]) => Promise<void>,
  ): Promise<void> {
    const page = await tabFor(stop.who, options);
    const complaints: string[] = [];
    const listen = (message: ConsoleMessage) => void complaints.push(message.text());
    page.on('console', listen);
    try {
      await page.setViewportSize(options.viewport);
      await page.goto(stop.url(stage));
      await stop.act?.(page, stage);
      await look(page, complaints);
    } finally {
      page.off('console', listen);
    }
  }

  // one visit for all of it: a page that has no script is the same without JavaScript, and the story goes through the house without it
  test.each(STOPS.map((stop) => [stop.name, stop] as const))('%s', async (_name, stop) => {
    await around(stop, async () => {
      await at(stop, { ...NARROW, colorScheme: 'light' }, async (page, complaints) => {
        const seen = (await page.evaluate(DESCRIBE)) as Description;
        expect(seen).toMatchObject({ overflow: 0, headings: 1, lang: 'en', main: 1, unlabelled: [], scripts: 0 });
        expect(seen.role).toMatch(/^(Host|Requester|Authorization Manager)$/);
        expect(await focusWithoutOutline(page)).toEqual([]);
        expect(complaints.filter((it) => /content security policy/i.test(it))).toEqual([]);
        await page.emulateMedia({ colorScheme: 'dark' });
        expect(await seriousIn(page, { runOnly: DEPENDS_ON_LOOKS })).toEqual([]);
        await page.emulateMedia({ colorScheme: 'light' });
        await page.setViewportSize(WIDE.viewport);
        expect(await page.evaluate(OVERFLOW)).toBe(0);
        expect(await seriousIn(page, {})).toEqual([]);
      });
    });
  });

  const around = (stop: Stop, look: () => Promise<void>): Promise<void> =>
    stop.around === undefined ? look() : stop.around(stage, look);
});

interface Description {
  overflow: number;
  headings: number;
  lang: string;
  main: number;
  unlabelled: string[];
  scripts: number;
  role: string;
}

const OVERFLOW = 'Math.max(0, document.documentElement.scrollWidth - innerWidth)';

/** Run in the page; it has no script of its own, and this needs none to be allowed. */
const DESCRIBE = `({
  overflow: ${OVERFLOW},
  headings: document.querySelectorAll('h1').length,
  lang: document.documentElement.lang,
  main: document.querySelectorAll('main').length,
  unlabelled: [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
    .filter((it) => !(it.labels && it.labels.length && it.labels[0].textContent.trim()))
    .map((it) => it.name),
  scripts: document.querySelectorAll('script, [style], [onclick]').length,
  role: document.querySelector('header .role')?.textContent ?? '',
})`;

/** What gets the focus and does not show it. */
async function focusWithoutOutline(page: Page): Promise<string[]> {
  // by keyboard first: from then on whatever gets the focus has to show it (CSS :focus-visible)
  await page.keyboard.press('Tab');
  const silent = (await page.evaluate(SILENT)) as string[];
  // as it was: a focused link to skip to the content lies over others
  await page.evaluate('document.activeElement?.blur(), scrollTo(0, 0)');
  return silent;
}

const SILENT = `[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]')]
  .filter((it) => {
    it.focus();
    const { outlineStyle, outlineWidth } = getComputedStyle(it);
    return it === document.activeElement && (outlineStyle === 'none' || parseFloat(outlineWidth) < 2);
  })
  .map((it) => it.outerHTML.slice(0, 100))`;

/** What can be another in another width or scheme; the rest of the page is the same. */
const DEPENDS_ON_LOOKS = ['color-contrast', 'link-in-text-block', 'scrollable-region-focusable', 'target-size'];

async function seriousIn(page: Page, options: { runOnly?: readonly string[] }): Promise<object[]> {
  // half a megabyte to read: once a page
  if ((await page.evaluate('globalThis.axe === undefined')) === true) await page.evaluate(`(() => { ${AXE} })(); 0`);
  const how = JSON.stringify({ resultTypes: ['violations'], ...options });
  const { violations } = (await page.evaluate(`axe.run(${how})`)) as AxeResults;
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => ({
      id,
      where: nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`),
    }));
}
