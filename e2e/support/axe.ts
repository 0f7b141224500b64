import fs from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/** Defines `loadAxe`, which costs a document next to nothing until it is called. */
const AXE = `globalThis.loadAxe = () => {
  ${fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')}
};`;
const prepared = new WeakSet<Page>();

/** What axe reports as serious on a page. */
export async function seriousIn(page: Page, options: { runOnly?: readonly string[] } = {}): Promise<object[]> {
  if (!prepared.has(page)) {
    prepared.add(page);
    // sent to the browser once, and then there in each document of this page: axe is half a megabyte
    await page.addInitScript(AXE);
    await page.evaluate(AXE);
  }
  const how = JSON.stringify({ resultTypes: ['violations'], ...options });
  const run = `globalThis.axe ?? loadAxe(), axe.run(${how}).then(({ violations }) => violations)`;
  const violations = (await page.evaluate(run)) as AxeResults['violations'];
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => ({
      id,
      where: nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ''}`),
    }));
}
