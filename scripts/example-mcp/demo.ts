import path from 'node:path';
import {
  addHost,
  type Constellation,
  type ConstellationOptions,
  type Person,
  type PersonOptions,
  signIn,
  signUp,
  startConstellation,
  startKeeper,
} from '@chatelaine/constellation';
import { createTestDatabase } from '@chatelaine/dev-postgres';
import { root } from '../workspace.ts';
import { type NotesProcess, startNotes } from './notes-process.ts';

/** An AM, MCP servers, and a person who has notes at each and has linked them. */
export interface McpDemo {
  readonly deployment: Constellation;
  readonly servers: readonly NotesProcess[];
  readonly person: Person;
}

export interface McpDemoOptions extends Pick<ConstellationOptions, 'ams' | 'ports' | 'hostnames' | 'secureGuests'> {
  /** Names of the MCP servers: each is `examples/mcp-server`, with its own data. */
  readonly servers: readonly string[];
  readonly person: PersonOptions & { readonly username: string; readonly password: string };
  /** Texts by title. */
  readonly notes: Readonly<Record<string, string>>;
  readonly label: string;
}

/**
 * MCP clients accept http only for `localhost` and loopback addresses. The AM has a name of its own: cookies are shared
 * between ports of a name, and most clients listen for their callback at `localhost`.
 */
export const LOOPBACK_NAMES = { am: '127.0.0.1', notes: 'localhost' } as const;

/** Starts the demo; disposing `open` ends it. */
export async function openMcpDemo(open: AsyncDisposableStack, options: McpDemoOptions): Promise<McpDemo> {
  const { servers: names, person: who, notes, ...rest } = options;
  const keeper = startKeeper();
  open.defer(() => keeper.dismiss());
  const deployment = await startConstellation({ ...rest, hosts: [], requester: false, guests: names });
  open.defer(() => deployment.stop());
  const database = await createTestDatabase(deployment.postgres, {
    instances: names.map((role) => ({ role })),
    apply: async () => undefined,
  });
  const servers = await Promise.all(
    names.map((name) =>
      startNotes({
        guest: deployment.guest(name),
        am: deployment.am,
        databaseUrl: database.url(name),
        accounts: { [who.username]: who.password },
        keeper,
        logDir: path.join(root, '.run/logs', options.label),
      }),
    ),
  );
  for (const server of servers) open.defer(() => server.stop());
  const person = deployment.person(who);
  await settle(person, { am: deployment.am, servers, notes });
  return { deployment, servers, person };
}

/** What the person did before the first MCP client connected. */
async function settle(
  person: Person,
  { am, servers, notes }: Pick<McpDemoOptions, 'notes'> & { am: { url: string }; servers: readonly NotesProcess[] },
): Promise<void> {
  await signUp(person, am.url);
  for (const host of servers) {
    await signIn(person, host.url);
    for (const [title, text] of Object.entries(notes)) await person.press('Keep', { title, text });
    await addHost(person, { am, host });
  }
}
