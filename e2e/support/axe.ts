import fs from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe reports as serious on a page. */
export async function seriousIn(page: Page, options: { runOnly?: readonly string[] } = {}): Promise<object[]> {
  // axe is half a megabyte, so it is loaded only once for each page
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
