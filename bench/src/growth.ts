// `pnpm bench:growth [--rows 2000000]`: transfers in a database with two million connections, tokens and transfers, two
// hundred thousand links and a hundred thousand owners of whom a few have much, compared with an empty one, in turn;
// and which tables were scanned sequentially meanwhile. Writes results/growth.md.

import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { startChain } from './chain.ts';
import { contest, ratio } from './compare/contest.ts';
import { startDatabases } from './databases.ts';
import { grow } from './growth/grow.ts';
import { runBlock } from './load.ts';
import { table } from './table.ts';

const { values } = parseArgs({ options: { rows: { type: 'string', default: '2000000' } } });
const rows = Number(values.rows);
const IN_FLIGHT = 8;
const EFFORT = { rounds: 7, seconds: 4, warmups: 4 };
/** Tables with this many rows must never be scanned sequentially. */
const LARGE = 1_000;

interface Scans {
  readonly name: string;
  readonly rows: string;
  readonly whole: string;
  readonly by_index: string;
  readonly updated: string;
  readonly hot: string;
}

const began = performance.now();
const databases = await startDatabases();
try {
  const [emptyUrl, grownUrl] = [await databases.chain(), await databases.chain()];
  const env = { TRANSFERS_PER_MINUTE: '1000000', REQUESTER_TRANSFERS_PER_MINUTE: '1000000' };
  const empty = await startChain({ databaseUrl: emptyUrl, env });
  const grown = await startChain({ databaseUrl: grownUrl, env });
  try {
    // makes a row of each table, of which the others are copies
    await runBlock(grown.port, await grown.transfers(1), 1);
    const asSuperuser = (role: 'am' | 'photos'): string => databases.superuser(grownUrl(role));
    await grow(asSuperuser, { rows }, (name, count) => say(`${count} rows in ${name}`));
    await forget(asSuperuser('am'));
    const contenders = [
      { name: 'empty', port: empty.port, requests: (count: number) => empty.transfers(count) },
      { name: 'grown', port: grown.port, requests: (count: number) => grown.transfers(count) },
    ];
    const rounds = await contest(contenders, { inFlight: IN_FLIGHT, effort: EFFORT });
    const { median, lowest, highest } = ratio(rounds, { ours: 'grown', theirs: 'empty' });
    const scans = await scansOf(asSuperuser('am'));
    const whole = scans.filter((one) => Number(one.rows) >= LARGE && Number(one.whole) > 0).map(({ name }) => name);
    const text = `# Grown and empty

Written by \`pnpm bench:growth\`, not by hand. ${new Date().toISOString().slice(0, 10)}, Postgres ${databases.version}.
${rows} connections, tokens and transfers, ${rows / 10} links, ${rows / 20} owners.

Transfers per second, grown ÷ empty, ${IN_FLIGHT} in flight, ${EFFORT.rounds} rounds in turn:
**${median.toFixed(2)}** (${lowest.toFixed(2)}–${highest.toFixed(2)}); to hold: 0.9.
Large tables read as a whole meanwhile: ${whole.length === 0 ? 'none' : whole.join(', ')}.

${table(
  ['table', 'rows', 'read as a whole', 'by an index', 'updated', 'of these in place (HOT)'],
  scans.map((one) => [one.name, one.rows, one.whole, one.by_index, one.updated, one.hot]),
)}
`;
    fs.writeFileSync(path.join(import.meta.dirname, '../results/growth.md'), text);
    console.log(text);
    if (whole.length > 0) process.exitCode = 1;
  } finally {
    await Promise.all([empty.stop(), grown.stop()]);
  }
} finally {
  await databases.stop();
}

async function asked<T extends object>(url: string, text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Resets the statistics, which would otherwise include what came before the measured transfers. */
function forget(url: string): Promise<unknown> {
  return asked(url, 'select pg_stat_reset()');
}

function scansOf(url: string): Promise<Scans[]> {
  return asked<Scans>(
    url,
    `select schemaname || '.' || relname as name, n_live_tup as rows, coalesce(seq_scan, 0) as whole,
      coalesce(idx_scan, 0) as by_index,
       n_tup_upd as updated, n_tup_hot_upd as hot
     from pg_stat_user_tables where coalesce(seq_scan, 0) + coalesce(idx_scan, 0) > 0 order by name`,
  );
}

function say(done: string): void {
  process.stderr.write(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${done}\n`);
}
