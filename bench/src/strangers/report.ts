import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { at } from '../figures/figure.ts';
import { table } from '../table.ts';

/** The result of one block: milliseconds of the others' successful requests. */
export interface Block {
  readonly transfers: readonly number[];
  readonly pages: readonly number[];
  readonly signIns: readonly number[];
  readonly stops: readonly number[];
  readonly refused: number;
  /** The hostile requests, by status. */
  readonly hostile: Readonly<Record<number, number>>;
}

/** How the run was made. */
export interface Setting {
  readonly rounds: number;
  readonly accounts: number;
  readonly transfersPerSecond: number;
  readonly documentsPerSecond: number;
  readonly lateMs: number;
  readonly blockSeconds: number;
  readonly warmSeconds: number;
}

type Kind = 'transfers' | 'pages' | 'signIns' | 'stops';
const KINDS: Readonly<Record<Kind, string>> = {
  transfers: 'a transfer to an honest Host',
  pages: 'a page',
  signIns: 'signing in, pages included',
  stops: 'stopping a connection, pages included',
};
const median = (values: readonly number[]): number => at(values, 0.5);

export function summary(block: Block | undefined): string {
  if (block === undefined) return '–';
  const kinds = (Object.keys(KINDS) as Kind[]).map((kind) => `${kind} ${median(block[kind]).toFixed(0)} ms`);
  return `${kinds.join(', ')}, ${block.refused} refused, hostile ${JSON.stringify(block.hostile)}`;
}

export function write(setting: Setting, well: readonly Block[], beside: readonly Block[]): void {
  const { rounds, accounts, transfersPerSecond, documentsPerSecond, lateMs, blockSeconds, warmSeconds } = setting;
  const rows = (Object.keys(KINDS) as Kind[]).map((kind) => {
    const of = (blocks: readonly Block[]) => median(blocks.map((block) => median(block[kind])));
    const ratios = well.map((block, round) => median(beside[round]?.[kind] ?? []) / median(block[kind]));
    const [least, most] = [Math.min(...ratios), Math.max(...ratios)];
    const count = beside.reduce((sum, block) => sum + block[kind].length, 0);
    return [
      KINDS[kind],
      `${of(well).toFixed(0)} ms`,
      `${of(beside).toFixed(0)} ms`,
      `${median(ratios).toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`,
      String(count),
    ];
  });
  const refused = (blocks: readonly Block[]): number => blocks.reduce((sum, block) => sum + block.refused, 0);
  const hostile: Record<string, number> = {};
  for (const block of beside)
    for (const [status, count] of Object.entries(block.hostile)) hostile[status] = (hostile[status] ?? 0) + count;
  const answers = Object.entries(hostile).map(([status, count]) => `${count} × ${status}`);
  const document = `# Beside hostile Hosts and slow client documents

Written by \`pnpm bench:strangers\`, not by hand. ${new Date().toISOString().slice(0, 10)};
Node ${process.versions.node}, ${os.availableParallelism()} cores, load average at the end
${(os.loadavg()[0] ?? 0).toFixed(1)} (what is above about 3 was other work, and blurs the times).

One process of the AM. ${accounts} accounts have a Host each; every one of them asks for ${transfersPerSecond} transfers
a second, and ${documentsPerSecond} times a second somebody comes to \`/authorize\` with an ever new client document.
In one kind of blocks all of these answer at once, in the other after ${lateMs / 1_000} s: ${rounds} of each, in turn,
${blockSeconds} s long, of which the first ${warmSeconds} s are not counted. What is compared is what others wait for
meanwhile, by medians of blocks; the ratio is that of the two blocks of a round, its median over the rounds, and the
least and the most.

${table(['', 'they answer at once', 'they answer late', 'ratio', 'measured'], rows)}

To hold: each ratio at most 2, and none of these refused. Refused or not answered: ${refused(well)},
and ${refused(beside)} beside those that are late. Those themselves: ${answers.join(', ')}
(503: their owner, or their source, had its share of the room for waiting).
`;
  const file = path.join(import.meta.dirname, '../../results/strangers.md');
  fs.writeFileSync(file, document);
  console.log(document);
}
