import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, BrowserContextOptions, ConsoleMessage, Page, ViewportSize } from 'playwright-core';
import { seriousIn } from '../support/axe.ts';
import { chromiumPath, launchChromium } from '../support/chromium.ts';
import { storeIcons } from '../support/icons.ts';
import { LOOKS, LOOKS_RIGHT } from '../support/looks.ts';
import { contextFor, setStage, type Stage, type Who } from '../support/stage.ts';
import { notificationsStory } from './browser/notifications.ts';
import { passkeyStory } from './browser/passkeys.ts';
import { type PageView, PAGE_VIEWS } from '../support/page-views.ts';

const executable = chromiumPath();
const WIDE = { viewport: { width: 1280, height: 800 } };
const NARROW = { viewport: { width: 390, height: 844 }, hasTouch: true };

// a skipped describe still shows the reason
const describeInBrowser = executable === null ? describe.skip : describe;
const GUARANTEE =
  'every page fits a phone, tears no address, has no script but our own files, one heading, ' +
  'a label for every field, a visible focus, and leaves axe nothing serious to say';
describeInBrowser(`${GUARANTEE}${executable === null ? ' [needs Chromium]' : ''}`, () => {
  let browser: Browser;
  let stage: Stage;
  beforeAll(async () => {
    browser = await launchChromium(executable ?? '', { as: 'one process' });
    stage = await setStage(browser);
    await storeIcons(stage.deployment, browser);
  });
  afterAll(async () => {
    await browser?.close();
    await stage?.close();
  });

  const tabs = new Map<string, Promise<Page>>();
  /** One tab for all pages that one person views with the same options. */
  function tabFor(who: Who, options: BrowserContextOptions): Promise<Page> {
    const key = JSON.stringify([who, options]);
    const open = async () => (await contextFor(browser, stage.people[who], stage.deployment, options)).newPage();
    const opened = tabs.get(key) ?? open();
    tabs.set(key, opened);
    return opened;
  }

  /** Opens the page and calls `look`; `complaints` are the errors that the browser reported. */
  async function at(
    view: PageView,
    options: BrowserContextOptions & { viewport: ViewportSize },
    look: (page: Page, complaints: readonly string[]) => Promise<void>,
  ): Promise<void> {
    const page = await tabFor(view.who, options);
    const complaints: string[] = [];
    const listen = (message: ConsoleMessage) => void complaints.push(message.text());
    page.on('console', listen);
    try {
      await page.setViewportSize(options.viewport);
      await page.goto(view.url(stage));
      await view.act?.(page, stage);
      await look(page, complaints);
    } finally {
      page.off('console', listen);
    }
  }

  test('what a service has not confirmed yet changes on the open page by itself, once it has', async () => {
    const view = PAGE_VIEWS.find(({ name }) => name === 'am-app-stopped') as PageView;
    await around(view, async () => {
      await at(view, { ...NARROW, colorScheme: 'light' }, async (page, complaints) => {
        await page.getByText('still trying').waitFor();
        expect(await page.getByText('Look again').isVisible()).toBe(false);
        await stage.deployment.database.query(
          'am',
          `update revocation set state = 'confirmed', confirmed_at = now() where connection_id = 'con_look'`,
        );
        await page.getByText('Nothing is left').waitFor();
        expect(await page.getByText('still trying').count()).toBe(0);
        expect(complaints).toEqual([]);
      });
    });
  });

  test('what needs somebody shows on their open page by itself, and goes when the service says so', async () => {
    const pageView = (wanted: string) => PAGE_VIEWS.find(({ name }) => name === wanted) as PageView;
    const { deployment, people } = stage;
    const told = () =>
      deployment.database.query('am', `select pg_notify('am_changes', id) from account where username = $1`, [
        people.robin.username,
      ]);
    await at(pageView('am-home'), { ...NARROW, colorScheme: 'light' }, async (page, complaints) => {
      const broken = page.getByText('“my Calendar” is broken');
      expect(await broken.count()).toBe(0);
      await around(pageView('am-home-needs-you'), async () => {
        await told();
        await broken.waitFor();
      });
      await told();
      await broken.waitFor({ state: 'detached' });
      expect(complaints).toEqual([]);
    });
  });

  // one visit for all checks: what a script changes on a page works without JavaScript, too, which the story tests show
  test.each(PAGE_VIEWS.map((view) => [view.name, view] as const))('%s', async (_name, view) => {
    await around(view, async () => {
      await at(view, { ...NARROW, colorScheme: 'light' }, async (page, complaints) => {
        const seen = (await page.evaluate(DESCRIBE)) as Description;
        expect(seen).toMatchObject({ headings: 1, lang: 'en', main: 1, unlabelled: [], scripts: 0 });
        expect(seen.role).toMatch(/^(Host|Requester|Authorization Manager)$/);
        expect(await page.evaluate(LOOKS)).toEqual(LOOKS_RIGHT);
        expect(await focusWithoutOutline(page)).toEqual([]);
        expect(complaints.filter((it) => /content security policy/i.test(it))).toEqual([]);
        await page.emulateMedia({ colorScheme: 'dark' });
        expect(await seriousIn(page, { runOnly: DEPENDS_ON_LOOKS })).toEqual([]);
        await page.emulateMedia({ colorScheme: 'light' });
        await page.setViewportSize(WIDE.viewport);
        expect(await page.evaluate(LOOKS)).toEqual(LOOKS_RIGHT);
        expect(await seriousIn(page, {})).toEqual([]);
        await page.emulateMedia({ colorScheme: 'dark' });
        expect(await seriousIn(page, { runOnly: DEPENDS_ON_COLORS })).toEqual([]);
      });
    });
  });

  test('a passkey signs up, signs in and confirms, at its own service only', () =>
    passkeyStory(browser, { am: stage.deployment.am.url, host: stage.deployment.host('photos').url }));

  test('notifications are turned on in a browser, and off again', () =>
    notificationsStory(browser, { am: stage.deployment.am.url }));

  const around = (view: PageView, look: () => Promise<void>): Promise<void> =>
    view.around === undefined ? look() : view.around(stage, look);
});

interface Description {
  headings: number;
  lang: string;
  main: number;
  unlabelled: string[];
  scripts: number;
  role: string;
}

const OUR_SCRIPTS = ['live', 'passkeys', 'consent', 'push'].map((name) => `[src^="/${name}.js?"]:empty`).join(', ');

/** Evaluated in the page, whose CSP need not allow any script for it. */
const DESCRIBE = `({
  headings: document.querySelectorAll('h1').length,
  lang: document.documentElement.lang,
  main: document.querySelectorAll('main').length,
  unlabelled: [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
    .filter((it) => !(it.labels && it.labels.length && it.labels[0].textContent.trim()))
    .map((it) => it.name),
  scripts:
    document.querySelectorAll('script:not(${OUR_SCRIPTS}), [style], [onclick]').length,
  role: document.querySelector('header .role')?.textContent ?? '',
})`;

/** The elements that show no outline when focused. */
async function focusWithoutOutline(page: Page): Promise<string[]> {
  // by keyboard first: from then on focused elements have to show it (CSS :focus-visible)
  await page.keyboard.press('Tab');
  const silent = (await page.evaluate(SILENT)) as string[];
  // restores the page: a focused skip link covers others
  await page.evaluate('document.activeElement?.blur(), scrollTo(0, 0)');
  return silent;
}

const SILENT = `[...document.querySelectorAll(
    'a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]',
  )]
  .filter((it) => {
    it.focus();
    const { outlineStyle, outlineWidth } = getComputedStyle(it);
    return it === document.activeElement && (outlineStyle === 'none' || parseFloat(outlineWidth) < 2);
  })
  .map((it) => it.outerHTML.slice(0, 100))`;

/** Rules whose result may depend on the colour scheme. */
const DEPENDS_ON_COLORS = ['color-contrast', 'link-in-text-block'];
/** Rules whose result may depend on width or colour scheme; for all others the page is the same. */
const DEPENDS_ON_LOOKS = [...DEPENDS_ON_COLORS, 'scrollable-region-focusable', 'target-size'];
