import fs from 'node:fs';
import path from 'node:path';
import type { Measured, Spread } from './measure.ts';

const FILE = path.join(import.meta.dirname, '../../docs/reliability.md');
const END = '<!-- rows end -->';

/** Adds a session to the table in docs/reliability.md. */
export function record(session: { command: string; commit: string; measured: Measured }): void {
  const text = fs.readFileSync(FILE, 'utf8');
  if (!text.includes(END)) throw new Error(`${FILE} has lost its mark "${END}".`);
  fs.writeFileSync(FILE, text.replace(END, `${row(session)}\n${END}`));
}

function row({ command, commit, measured: it }: Parameters<typeof record>[0]): string {
  const cells = [
    new Date().toISOString().slice(0, 10),
    commit,
    `\`${command}\``,
    it.kills,
    it.crashes,
    `${it.racedRedemptions} of ${it.racedCodes}`,
    `${it.transfers}, ${(100 * it.notAnswered).toFixed(1)} %`,
    `${it.refreshes}, ${(100 * it.refreshesNotAnswered).toFixed(1)} %`,
    it.connections,
    it.stops,
    `${it.agreements} of ${it.offers}, ${it.racedAdoptions}`,
    it.links,
    seconds(it.revokedWithoutFaults),
    seconds(it.revoked),
    seconds(it.firstAfterCrash),
    `${(it.settledMs / 1_000).toFixed(1)} s`,
    it.violations.length,
  ];
  return `| ${cells.join(' | ')} |`;
}

const seconds = ({ n, p50, p99, max }: Spread): string =>
  n === 0 ? '–' : `${[p50, p99, max].map((ms) => (ms / 1_000).toFixed(2)).join(' / ')} s (${n})`;
