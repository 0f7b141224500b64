import { type Browser, type BrowserContext, type BrowserContextOptions, chromium } from 'playwright-core';
import { patience } from '@chatelaine/test-kit';
import { chromium as chromiumOfThisMachine } from '../../scripts/machine.ts';

/** The path of a Chromium on this machine, or null. CHATELAINE_BROWSER or CHROMIUM name one; empty means none. */
export function chromiumPath(): string | null {
  const named = process.env['CHATELAINE_BROWSER'] ?? process.env['CHROMIUM'];
  if (named !== undefined) return named === '' ? null : named;
  return chromiumOfThisMachine() ?? null;
}

const ALONE = [
  '--no-sandbox', // containers and root cannot use the sandbox
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--no-proxy-server',
];
/** Nothing is drawn, and one process serves all pages: most of what a browser costs is starting further processes. */
const IN_ONE_PROCESS = [
  '--disable-gpu',
  '--disable-site-isolation-trials',
  '--disable-features=IsolateOrigins,site-per-process,SpareRendererForSitePerProcess',
  '--renderer-process-limit=1',
];

/**
 * Starts Chromium without a window; it connects only to the pages it is sent to. `as`: `people's` isolates sites as
 * people's browsers do, for tests of what the browser lets sites do to each other; `one process` costs half.
 */
export function launchChromium(executablePath: string, { as }: { as: "people's" | 'one process' }): Promise<Browser> {
  return chromium.launch({ executablePath, args: as === 'one process' ? [...ALONE, ...IN_ONE_PROCESS] : ALONE });
}

/** Ends a step that waits for something that never appears, before the time limit of its test does. */
const STEP_WITHIN_MS = patience(60);

/** A browser context of its own for one person. */
export async function newContext(browser: Browser, options: BrowserContextOptions = {}): Promise<BrowserContext> {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  context.setDefaultTimeout(STEP_WITHIN_MS);
  return context;
}
