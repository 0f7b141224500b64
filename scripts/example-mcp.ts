// `pnpm example:mcp`: an AM and examples/mcp-server on this machine, with an account that has notes and has linked the two. Says what to paste into
// an MCP client. All of it is new at every start and gone after Ctrl-C; only the addresses stay.

import dns from 'node:dns/promises';
import { takenPorts } from '@chatelaine/constellation';
import { openTown } from './example-mcp/town.ts';

const PORTS = { am: 4840, notes: 4841 };
const USERNAME = 'demo';
const PASSWORD = 'correct horse battery';
const NOTES = {
  Bread: '500 g flour, 350 g water, 10 g salt, patience.',
  'Spare key': 'Under the third flower pot, as everybody knows.',
};

const stopping = Promise.withResolvers<void>();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopping.resolve());

try {
  await using open = new AsyncDisposableStack();
  const { mcpUrl, am } = await up(open);
  tell({ mcpUrl, am, unknown: await unknownNames([mcpUrl, am]) });
  await stopping.promise;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function up(open: AsyncDisposableStack): Promise<{ mcpUrl: string; am: string }> {
  const [taken] = await takenPorts(Object.values(PORTS));
  if (taken !== undefined) throw new Error(`Port ${taken} is in use: stop what listens there and start again.`);
  console.log('Starting Postgres, an Authorization Manager and the MCP server …');
  const { house, servers } = await openTown(open, {
    ams: 1,
    ports: PORTS,
    servers: ['notes'],
    person: { username: USERNAME, password: PASSWORD },
    notes: NOTES,
    label: 'example-mcp',
  });
  return { mcpUrl: servers[0]?.mcpUrl ?? '', am: house.am.url };
}

/** Browsers know names under localhost by themselves; other programs ask the system, and not every system knows them. */
async function unknownNames(urls: readonly string[]): Promise<string[]> {
  const names = urls.map((url) => new URL(url).hostname);
  const found = await Promise.allSettled(names.map((name) => dns.lookup(name)));
  return names.filter((_, index) => found[index]?.status === 'rejected');
}

function tell({ mcpUrl, am, unknown }: { mcpUrl: string; am: string; unknown: readonly string[] }): void {
  console.log(`
Paste into an MCP client:

  ${mcpUrl}

or as configuration:

  ${JSON.stringify({ mcpServers: { notes: { type: 'http', url: mcpUrl } } })}

It opens your browser at the Authorization Manager, ${am}, where you allow it what it asks for, and to have
keys that fit anybody: MCP clients have no key of their own that theirs could be bound to.

  username   ${USERNAME}
  password   ${PASSWORD}
`);
  if (unknown.length > 0)
    console.log(`This system does not know these names; programs other than browsers need a line in /etc/hosts:

  127.0.0.1 ${unknown.join(' ')}
`);
  console.log('Ctrl-C stops everything, and nothing of it is kept.');
}
