import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { table } from '../table.ts';
import type { Effort } from './effort.ts';

/** The result for one number of Hosts. */
export interface ManyHostsLine {
  readonly hosts: number;
  /** Seconds in which the owner linked them with the AM, once for all Requesters. */
  readonly linking: number;
  readonly chained: Effort;
  readonly plain: Effort;
}

export function manyHostsReport(lines: readonly ManyHostsLine[], seconds: number): string {
  return `# One new Requester, many Hosts

Written by \`pnpm bench:mass\`, not by hand. ${new Date().toISOString().slice(0, 10)};
oidc-provider ${versionOf('oidc-provider')}, openid-client ${versionOf('openid-client')},
Node ${process.versions.node}, ${os.availableParallelism()} cores; ${Math.round(seconds)} s in all;
load average at the end ${(os.loadavg()[0] ?? 0).toFixed(1)}.

A Requester that nobody knows yet wants to read an entry of one person at each of N Hosts. **AM**: it connects to the
person's AM, where these Hosts are linked, and has tokens for all of them transferred in one call. **Plain**: it
registers at each Host and runs the code flow with PKCE there. Counted until the last entry was read. Tokens are bound
by DPoP on both sides; the person is signed in everywhere and takes no time to read or to decide; the plain side goes
from Host to Host as a person's browser must, and each of its Hosts asks for one click. All Hosts of both sides run in
one process, on one Postgres.

${table(
  [
    'Hosts',
    'redirects: AM',
    'plain',
    'clicks: AM',
    'plain',
    'registrations: AM',
    'plain',
    'HTTP requests: AM',
    'plain',
    'seconds: AM',
    'plain',
    'plain / AM',
  ],
  lines.map(({ hosts, chained, plain }) => [
    String(hosts),
    String(chained.redirects),
    String(plain.redirects),
    String(chained.clicks),
    String(plain.clicks),
    String(chained.registrations),
    String(plain.registrations),
    String(chained.requests),
    String(plain.requests),
    chained.seconds.toFixed(2),
    plain.seconds.toFixed(2),
    (plain.seconds / chained.seconds).toFixed(1),
  ]),
)}

What the AM side does not pay here it paid once: linking each Host with the AM is one redirect and two clicks, for all
Requesters that will ever come (N + M instead of N × M). It took
${lines.map(({ hosts, linking }) => `${linking.toFixed(1)} s for ${hosts}`).join(', ')}.
With one Requester the two come to the same; with the second the AM is ahead.

Times are of this machine, on which the Requester, all Hosts, the AM and Postgres share the cores; read the ratios.
`;
}

function versionOf(name: string): string {
  const require = createRequire(import.meta.url);
  const paths = require.resolve.paths(name) ?? [];
  const file = paths.map((folder) => `${folder}/${name}/package.json`).find((it) => fs.existsSync(it));
  if (file === undefined) throw new Error(`${name} is not installed`);
  return (JSON.parse(fs.readFileSync(file, 'utf8')) as { version: string }).version;
}
