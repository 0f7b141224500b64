import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { CONCURRENCY } from './load.ts';
import { PARALLEL, type RaceResult, ROUNDS } from './races.ts';
import { MEASURED, type StepResult, WARM } from './steps.ts';
import { table } from './table.ts';

/** One step of both servers. */
export interface Line {
  readonly name: string;
  readonly ours: StepResult;
  readonly theirs: StepResult;
}

export interface Report {
  readonly lines: readonly Line[];
  readonly races: { readonly kernel: RaceResult; readonly example: RaceResult; readonly strict: RaceResult };
  readonly postgres: string;
  readonly seconds: number;
}

/** The run as a document; ratios are our number divided by oidc-provider's. */
export function report({ lines, races, postgres, seconds }: Report): string {
  return `# The kernel beside oidc-provider

Written by \`pnpm bench:kernel\`, not by hand. ${new Date().toISOString().slice(0, 10)};
oidc-provider ${versionOf('oidc-provider')}, Node ${process.versions.node},
Postgres ${postgres}, ${os.availableParallelism()} cores; ${Math.round(seconds)} s in all; load average at the end
${(os.loadavg()[0] ?? 0).toFixed(1)} (what is above about 3 was other work, and blurs the times).

Both on one Postgres (fsync and synchronous_commit on), one Node process each, a pool of ten connections, the client in
the database, \`private_key_jwt\` everywhere and DPoP at the token endpoint, opaque tokens, no ID token.
${WARM} requests to warm up and ${MEASURED} measured per step and server, in alternating blocks,
${CONCURRENCY} at a time; requests are signed before a block begins. **Ratio = kernel / oidc-provider**: below 1 is less
time, and for requests per second above 1 is more. Load, servers and Postgres share one machine, so the times are for
orientation (a repeat moves them); CPU time of the server's own processes is steadier, and the statement counts are
exact.

## Steps

${table(
  ['step', 'statements: kernel', 'oidc-provider', 'server CPU', 'median', 'p95', 'requests/s'],
  lines.map(({ name, ours, theirs }) => [
    name,
    String(total(ours)),
    String(total(theirs)),
    ratio(ours.cpu, theirs.cpu),
    ratio(ours.median, theirs.median),
    ratio(ours.p95, theirs.p95),
    ratio(ours.perSecond, theirs.perSecond),
  ]),
)}

The last line compares unequal work on purpose: ours is Requester → AM → Host → AM → Requester over HTTP between two
processes, with the owner's rules, an audit row and a signed statement; oidc-provider's is one server and the least a
token exchange can be (subject token read, proof checked, token inserted), as a custom grant.

${lines.map(statementsOf).join('\n')}

## Races

Two processes on one database, ${ROUNDS} rounds, ${PARALLEL} requests at the same moment.
*Example*: the adapter as oidc-provider documents its interface. *Strict*: \`consume\`
and the replay store are conditional and throw when they lost.

${table(
  ['', 'kernel', 'oidc-provider, example', 'oidc-provider, strict'],
  [
    ['rounds in which one code brought tokens more than once', ...each(races, (it) => it.redeemedTwice)],
    ['most redemptions of one code', ...each(races, (it) => it.mostRedeemed)],
    ['rounds after which a token of a reused code was alive', ...each(races, (it) => it.aliveAfterReuse)],
    ['rounds in which one assertion and proof passed more than once', ...each(races, (it) => it.replayed)],
    ['most acceptances of one assertion and proof', ...each(races, (it) => it.mostReplayed)],
    ['answers with status 500', ...each(races, (it) => it.failures)],
  ],
)}
`;
}

const total = ({ statements }: StepResult): number => Object.values(statements).reduce((sum, each) => sum + each, 0);

const ratio = (ours: number, theirs: number): string => (theirs === 0 ? '–' : (ours / theirs).toFixed(2));

function each(races: Report['races'], of: (result: RaceResult) => number): string[] {
  return [races.kernel, races.example, races.strict].map((result) => String(of(result)));
}

function statementsOf({ name, ours, theirs }: Line): string {
  const list = ({ statements }: StepResult): string =>
    Object.entries(statements)
      .map(([statement, count]) => `\`${statement}\`${count === 1 ? '' : ` ×${count}`}`)
      .join(', ');
  return `- **${name}**: kernel ${list(ours)}; oidc-provider ${list(theirs)}`;
}

function versionOf(name: string): string {
  const file = createRequire(import.meta.url).resolve(`${name}/package.json`);
  return (JSON.parse(fs.readFileSync(file, 'utf8')) as { version: string }).version;
}
