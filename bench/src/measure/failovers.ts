// Kills the primary Postgres under load, promotes the standby, makes a new standby in place of the old primary, and so
// on; looks for everything that was acknowledged, and writes the result into docs/operations.md. It follows "When
// Postgres is lost" there.
//   pnpm images && pnpm measure:failovers [--count 20]

import os from 'node:os';
import { parseArgs } from 'node:util';
import { addHost, signUp } from '@chatelaine/constellation';
import { openDeployment, type Deployment } from '../../../e2e/containers/support/deployment.ts';
import { prune } from '../../../e2e/containers/support/docker.ts';
import { type SentRequest, startLoad, tokensOf } from '../../../e2e/containers/support/load.ts';
import * as pg from '../../../e2e/containers/support/standby.ts';
import { eventually } from '@chatelaine/test-kit';
import { openRawRequester, RAW_CALLBACK } from '../../../e2e/test/support/raw-requester.ts';
import { writeMeasured } from './measured.ts';

/** Between two entries; transfers are as frequent as one connection may ask. */
const ENTRY_EVERY_MS = 200;
const TRANSFER_EVERY_MS = 250;
const UP = ['up', '-d', '--no-build', 'am', 'photos'];

interface Failover {
  readonly firstTokenMs: number;
  readonly standbyMs: number;
  readonly lost: number;
  readonly orphans: number;
}

const { values } = parseArgs({ options: { count: { type: 'string', default: '20' } } });
const count = Number(values.count);
const deployment = await openDeployment({ overlays: ['docker-compose.standby.yml'] });
try {
  await deployment.compose(UP);
  const { failovers, sent, entries } = await run(deployment);
  const table = tableOf({ failovers, sent, entries });
  writeMeasured('failovers', table);
  console.log(table.join('\n'));
} finally {
  // first the containers that compose does not know, then its own
  await prune();
  await deployment.down();
}

async function run(there: Deployment) {
  const am = { url: there.url('am') };
  const host = { url: there.url('photos') };
  const answers = ({ url }: { url: string }) =>
    there.fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  for (const service of [am, host]) await eventually(() => answers(service), { until: Boolean });
  const robin = there.person({ username: 'robin', stopsAt: [RAW_CALLBACK] });
  await signUp(robin, am.url);
  await signUp(robin, host.url);
  await addHost(robin, { am, host });
  const raw = await openRawRequester({ am, fetch: there.fetch });
  const { accessToken: token } = await raw.connect(robin);
  const wanted = { token, resource: there.resource('photos'), scope: 'entries.read', idleMs: TRANSFER_EVERY_MS };
  const load = startLoad(raw, wanted);
  const entries = pg.startWritingEntries(robin, { host: host.url, idleMs: ENTRY_EVERY_MS });
  const failovers: Failover[] = [];
  let pair = await pg.initialPair(there);
  for (let number = 1; number <= count; number++) {
    const [entriesBefore, sentBefore] = [entries.acknowledged.length, load.sent.length];
    await eventually(async () => Math.min(entries.acknowledged.length - entriesBefore, load.sent.length - sentBefore), {
      until: (more) => more >= 10,
    });
    const once = await failover(there, { pair, seen: { sent: load.sent, entries: entries.acknowledged } });
    pair = once.pair;
    failovers.push(once.measured);
    const { firstTokenMs, standbyMs, lost, orphans } = once.measured;
    console.log(
      `${number}: first token after ${inSeconds(firstTokenMs)}, ` +
        `in step again after ${inSeconds(standbyMs)}; ${lost} lost, ${orphans} orphans`,
    );
  }
  await entries.stop();
  const sent = await load.stop();
  if (count % 2 === 0) {
    const { primary } = await pg.resetPair(there, pair, UP);
    await eventually(() => answers(am), { until: Boolean });
    const seen = { entries: entries.acknowledged, tokens: tokensOf(sent) };
    const { lost, orphans } = await pg.compareWith(there, primary, seen);
    console.log(`as at first again; ${lost} lost, ${orphans} orphans`);
    if (lost > 0) throw new Error('What was acknowledged is not where compose looks for it.');
  }
  return { failovers, sent, entries: entries.acknowledged.length };
}

async function failover(
  there: Deployment,
  { pair, seen }: { pair: pg.Pair; seen: { sent: readonly SentRequest[]; entries: readonly string[] } },
): Promise<{ pair: pg.Pair; measured: Failover }> {
  await pg.killForGood(pair.primary);
  const killedAt = Date.now();
  const since = (moment: number, status: number) => seen.sent.some((one) => one.at > moment && one.status === status);
  await eventually(async () => since(killedAt, 503), { until: Boolean });
  const acknowledged = { entries: [...seen.entries], tokens: tokensOf(seen.sent) };

  const promotedAt = Date.now();
  await pg.promote(there, pair.standby);
  const { lost } = await pg.compareWith(there, pair.standby, acknowledged);
  await eventually(async () => since(promotedAt, 200), { until: Boolean });
  const served = seen.sent.find(({ at, status }) => at > promotedAt && status === 200);
  const firstTokenMs = (served?.at ?? Number.NaN) + (served?.tookMs ?? 0) - promotedAt;
  // by then, the Host has minted again, too
  const { orphans } = await pg.compareWith(there, pair.standby, { entries: [], tokens: tokensOf(seen.sent) });

  const begun = Date.now();
  const standby = await pg.addStandby(there, { primary: pair.standby, lost: pair.primary });
  const measured = { firstTokenMs, standbyMs: Date.now() - begun, lost, orphans };
  return { pair: { primary: pair.standby, standby }, measured };
}

function tableOf(it: { failovers: readonly Failover[]; sent: readonly SentRequest[]; entries: number }): string[] {
  const { failovers, sent, entries } = it;
  const sum = (of: (one: Failover) => number): number => failovers.reduce((total, one) => total + of(one), 0);
  const served = spread(failovers.map(({ firstTokenMs }) => firstTokenMs));
  const tokens = tokensOf(sent).length;
  const others = sent.filter(({ status, retryAfter }) => status !== 200 && !(status === 503 && retryAfter !== null));
  const rows = [
    ['primaries lost by kill -9 under load', '≥ 20', String(failovers.length)],
    [
      'acknowledged, but missing at the next primary',
      '0',
      `${sum(({ lost }) => lost)} of ${entries + tokens} (${entries} entries, ${tokens} tokens)`,
    ],
    ['tokens of the Host for which the AM has no intent', '0', String(sum(({ orphans }) => orphans))],
    ['from `pg_promote()` to the first token', '≤ 30 s', served],
    [
      'from an empty volume to a standby that commits wait for',
      '–',
      spread(failovers.map(({ standbyMs }) => standbyMs)),
    ],
    [
      'answers meanwhile that were neither a token nor 503 with `Retry-After`',
      '–',
      `${others.length} of ${sent.length} requests${statusesOf(others)}`,
    ],
  ];
  return [
    '| | to hold | measured |',
    '|---|---|---|',
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
    '',
    `On ${os.availableParallelism()} cores, which the load and all containers shared; ` +
      `load average at the end ${(os.loadavg()[0] ?? 0).toFixed(1)}.`,
  ];
}

function spread(ms: readonly number[]): string {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (part: number): string =>
    inSeconds(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
  return `p50 ${at(0.5)}, longest ${at(1)}`;
}

function statusesOf(sent: readonly SentRequest[]): string {
  const statuses = [...new Set(sent.map(({ status }) => status))].toSorted((a, b) => a - b);
  return statuses.length === 0 ? '' : ` (${statuses.map((it) => (it === 0 ? 'no answer' : it)).join(', ')})`;
}

function inSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
