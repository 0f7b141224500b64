// `pnpm example:mcp`: an AM and examples/mcp-server on this machine, with an account that has notes and has linked the
// two. Prints what to paste into an MCP client. Everything is new at each start and gone after Ctrl-C; only the
// addresses stay the same.

import { takenPorts } from '@chatelaine/constellation';
import { LOOPBACK_NAMES, openMcpDemo } from './example-mcp/demo.ts';

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
  tell({ mcpUrl, am });
  await stopping.promise;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function up(open: AsyncDisposableStack): Promise<{ mcpUrl: string; am: string }> {
  const [taken] = await takenPorts(Object.values(PORTS));
  if (taken !== undefined) throw new Error(`Port ${taken} is in use: stop what listens there and start again.`);
  console.log('Starting Postgres, an Authorization Manager and the MCP server …');
  const { deployment, servers } = await openMcpDemo(open, {
    ams: 1,
    ports: PORTS,
    hostnames: LOOPBACK_NAMES,
    servers: ['notes'],
    person: { username: USERNAME, password: PASSWORD },
    notes: NOTES,
    label: 'example-mcp',
  });
  return { mcpUrl: servers[0]?.mcpUrl ?? '', am: deployment.am.url };
}

function tell({ mcpUrl, am }: { mcpUrl: string; am: string }): void {
  console.log(`
Paste into an MCP client:

  ${mcpUrl}

or as configuration:

  ${JSON.stringify({ mcpServers: { notes: { type: 'http', url: mcpUrl } } })}

or, for a client that starts programs:

  npx mcp-remote ${mcpUrl}

It opens your browser at the Authorization Manager, ${am}, where you allow it what it asks for, and to have
keys that fit anybody: MCP clients have no key of their own that theirs could be bound to.

  username   ${USERNAME}
  password   ${PASSWORD}
`);
  console.log(`Ctrl-C stops everything, and nothing of it is kept. Clients keep what they registered here;
before the next start delete it, for mcp-remote ~/.mcp-auth.`);
}
