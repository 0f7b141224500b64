// `pnpm bench:pages [--rows 1000000]`: how long the AM takes for each page of an owner who has fifty apps, fifty
// services and a million rows of activity, one request after the other, without a browser. Writes results/pages.md.

import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Browser } from '@chatelaine/test-kit';
import pg from 'pg';
import { createVerifier } from '@chatelaine/crypto';
import { startChain } from './chain.ts';
import { pushRequest, registered } from './connection.ts';
import { startDatabases } from './databases.ts';
import { growOwner } from './growth/grow-owner.ts';
import { table } from './table.ts';

const { values } = parseArgs({ options: { rows: { type: 'string', default: '1000000' } } });
const rows = Number(values.rows);
const EACH = 50;
const EFFORT = { warmups: 3, rounds: 15 };
/** The target in milliseconds. */
const TO_HOLD = 100;

const databases = await startDatabases();
try {
  const urlOf = await databases.chain();
  const chain = await startChain({ databaseUrl: urlOf });
  try {
    const browser = await new Browser(chain.am.issuer).signUp('pages');
    const client = new pg.Client({ connectionString: databases.superuser(urlOf('am')) });
    await client.connect();
    const grown = await growOwner(client, { username: 'pages', apps: EACH, services: EACH, rows });
    await client.end();
    const pages = [
      '/',
      '/apps',
      '/hosts',
      '/asks',
      '/ends',
      '/timeline',
      '/timeline?outcome=refused',
      '/timeline?q=nothing',
      '/timeline/keep',
      '/rules',
      '/terms',
      '/account',
      '/account/sessions',
      '/account/notifications',
      '/hosts/add',
      await pushRequest(chain.am, await registered(chain.am), createVerifier()),
    ].concat(['', `/at/${grown.hostId}`, '/add'].map((more) => `/apps/${grown.connectionId}${more}`));
    const measured: { page: string; times: number[]; bytes: number }[] = [];
    for (const page of pages) measured.push(await measure(browser, page));
    const slow = measured.filter(({ times }) => median(times) > TO_HOLD).map(({ page }) => page);
    const text = `# Pages

Written by \`pnpm bench:pages\`, not by hand. ${new Date().toISOString().slice(0, 10)}, Postgres ${databases.version}.
An owner with ${EACH} apps, ${EACH} services that each of them is shown, and ${rows} keys asked for in 30 days.
Milliseconds from the request to the end of the answer, ${EFFORT.rounds} rounds; to hold: a median of ${TO_HOLD}.
Slower: ${slow.length === 0 ? 'none' : slow.join(', ')}.

${table(
  ['page', 'median', 'slowest', 'kB'],
  measured.map(({ page, times, bytes }) => [
    page
      .replace(/\?client_id=.*/, '')
      .replace(grown.connectionId, '…')
      .replace(grown.hostId, '…'),
    median(times).toFixed(0),
    Math.max(...times).toFixed(0),
    (bytes / 1000).toFixed(0),
  ]),
)}
`;
    fs.writeFileSync(path.join(import.meta.dirname, '../results/pages.md'), text);
    console.log(text);
    if (slow.length > 0) process.exitCode = 1;
  } finally {
    await chain.stop();
  }
} finally {
  await databases.stop();
}

async function measure(browser: Browser, page: string): Promise<{ page: string; times: number[]; bytes: number }> {
  const times: number[] = [];
  let bytes = 0;
  for (let round = 0; round < EFFORT.warmups + EFFORT.rounds; round++) {
    const began = performance.now();
    const { status, text } = await browser.get(page);
    if (round >= EFFORT.warmups) times.push(performance.now() - began);
    if (status !== 200) throw new Error(`${page} answered ${status}`);
    bytes = text.length;
  }
  return { page, times, bytes };
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}
