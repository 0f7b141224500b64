import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { table } from '../table.ts';
import { chart } from './chart.ts';
import type { Effort, Spread } from './contest.ts';
import type { Counted } from './count.ts';
import type { Line } from './published.ts';

const RATIOS = [
  'transfer_vs_limit_batched',
  'transfer_vs_oidc_crypto',
  'transfer_vs_oidc_plain',
  'par_vs_best',
  'code_vs_best',
  'refresh_vs_best',
  'introspection_vs_best',
  'guarded_vs_unguarded',
  'batch_item_vs_single',
  'lone_p50_vs_limit',
] as const;
export type RatioName = (typeof RATIOS)[number];

/** Everything that one run measured. */
export type Measured = Readonly<
  Record<
    | RatioName
    | 'transfer_vs_limit'
    | 'verified_vs_unguarded'
    | 'half_load_p99_vs_p50'
    | 'transfers_per_second'
    | 'guarded_calls_per_second',
    Spread
  >
> & {
  /** The fastest peer, by endpoint. */
  readonly best: Readonly<Record<string, string>>;
  readonly counted: Counted;
};

const root = path.join(import.meta.dirname, '../../..');
const DOCUMENT = path.join(root, 'docs/performance.md');
const BEGIN = '<!-- written by pnpm bench -->';
const END = '<!-- until here -->';

/** The targets, and what was measured. Bytes are shown as megabytes of 10⁶. */
export function tableOf(measured: Measured): string {
  const { best, counted } = measured;
  const ratio = (name: keyof Measured, what: string, goal: string): string[] => {
    const { median, lowest, highest } = measured[name] as Spread;
    return [what, goal, two(median), `${two(lowest)}–${two(highest)}`];
  };
  const perSecond = (name: 'transfers_per_second' | 'guarded_calls_per_second', what: string): string[] => {
    const { median, lowest, highest } = measured[name];
    return [what, '', median.toFixed(0), `${lowest.toFixed(0)}–${highest.toFixed(0)}`];
  };
  const line = (what: string, goal: string, value: string): string[] => [what, goal, value, ''];
  return table(
    ['', 'to hold', 'median', 'spread'],
    [
      ratio('transfer_vs_limit_batched', 'transfer ÷ batched limit program, 32 in flight', '≥ 0.80'),
      ratio('transfer_vs_limit', 'transfer ÷ limit program', ''),
      ratio('transfer_vs_oidc_crypto', 'transfer ÷ chain on oidc-provider, same cryptography', '≥ 2.8'),
      ratio('transfer_vs_oidc_plain', 'transfer ÷ chain on oidc-provider without cryptography', '≥ 0.7'),
      ratio('par_vs_best', `PAR ÷ ${best['par']}`, '≥ 1.5'),
      ratio('code_vs_best', `code ÷ ${best['code']}`, '≥ 1.5'),
      ratio('refresh_vs_best', `refresh ÷ ${best['refresh']}`, '≥ 1.5'),
      ratio('introspection_vs_best', `introspection ÷ ${best['introspection']}`, '≥ 1.5'),
      ratio('guarded_vs_unguarded', 'guarded ÷ unguarded call of an API, 32 in flight', '≥ 0.6'),
      ratio('verified_vs_unguarded', 'a call whose proof is only verified ÷ unguarded', ''),
      ratio('batch_item_vs_single', 'batch of 50 over 10 Hosts, per item ÷ single', '≥ 1.4'),
      ratio('lone_p50_vs_limit', "alone: p50 ÷ limit program's", '≤ 1.5'),
      ratio('half_load_p99_vs_p50', 'p99 ÷ p50 at half load', '≤ 3'),
      line('RSS of the AM after the load', '≤ 250 MB', `${megabytes(counted.rss.am)} MB`),
      line('RSS of the Host', '', `${megabytes(counted.rss.host)} MB`),
      line('statements per transfer (AM + Host)', '', `${counted.statements.am} + ${counted.statements.host}`),
      line('statements per guarded call (guard + route)', '', `${counted.statements.guarded_call - 1} + 1`),
      line('durable commits per transfer', '', String(counted.commits.transfer)),
      line('durable commits per guarded call', '', String(counted.commits.guarded_call)),
      perSecond('transfers_per_second', 'transfers per second of this machine'),
      perSecond('guarded_calls_per_second', 'guarded calls per second of this machine'),
    ],
  );
}

/** For programs: medians, and what was counted. */
export function lineOf({ counted, ...measured }: Measured): Line {
  const of = (name: RatioName): [RatioName, number] => [name, Number(measured[name].median.toFixed(3))];
  return {
    ratios: Object.fromEntries(RATIOS.map(of)) as Line['ratios'],
    rss_mb: { am: megabytes(counted.rss.am), host: megabytes(counted.rss.host) },
    statements: counted.statements,
    commits: counted.commits,
  };
}

/** Writes the table into docs/performance.md, and the chart beside it. */
export function writeDocument(measured: Measured, run: { postgres: string; effort: Effort; seconds: number }): void {
  const { postgres, effort, seconds } = run;
  const text = fs.readFileSync(DOCUMENT, 'utf8');
  const [before = '', rest = ''] = text.split(BEGIN);
  const after = rest.split(END)[1] ?? '';
  const head = [
    new Date().toISOString().slice(0, 10),
    `Node ${process.versions.node}`,
    `Postgres ${postgres}`,
    `${os.availableParallelism()} cores`,
    `${Math.round(seconds / 60)} minutes; ${effort.rounds} rounds of ${effort.seconds} s each`,
    `in turn; load average at the end ${(os.loadavg()[0] ?? 0).toFixed(1)}.`,
  ].join(', ');
  fs.writeFileSync(DOCUMENT, `${before}${BEGIN}\n\n${head}\n\n${tableOf(measured)}\n\n${END}${after}`);
  fs.writeFileSync(path.join(root, 'docs/img/performance.svg'), chart(measured));
}

const two = (value: number): string => value.toFixed(2);
const megabytes = (bytes: number): number => Math.round(bytes / 1e6);
