import { parseArgs } from 'node:util';
import { type Pool } from '@chatelaine/postgres';
import { keyCommands, withCommandPool } from '@chatelaine/keys';
import { type Command, type CommandResult, UsageError } from '@chatelaine/service-kit';
import { type Config, readConfig } from '../config.ts';
import { migrationDirs, VAULT_LABEL } from '../resources.ts';
import { signingKeyAad, ENCRYPTED_COLUMNS } from '../encrypted-columns.ts';
import { doctor } from './doctor.ts';
import type { RunningDemo } from './running-demo.ts';
import { listConnections, listLinks } from './list-store.ts';
import { stop } from './stop-store.ts';
import { verifyAgreement } from './verify-agreement.ts';
import { verifyTimeline } from './verify-timeline.ts';

/** The commands of `chatelaine`. Each reads the configuration, opens a connection of its own, and closes it. */
export function commands(
  configOf: () => Config,
  { demo = () => null }: { demo?: () => RunningDemo | null } = {},
): Readonly<Record<string, Command>> {
  const withPool = <T>(work: (pool: Pool) => Promise<T>): Promise<T> => withCommandPool(configOf().databaseUrl, work);
  return {
    ...keyCommands({
      config: configOf,
      dirs: migrationDirs,
      label: VAULT_LABEL,
      columns: ENCRYPTED_COLUMNS,
      signingKeyAad,
      refreshKeys: true,
      pushKeys: true,
    }),
    connections: listing('connections', 'client', (filter) => withPool((pool) => listConnections(pool, filter))),
    links: listing('links', 'host', (filter) => withPool((pool) => listLinks(pool, filter))),
    stop: stopCommand((what, name) => withPool((pool) => stop(pool, { what, name }))),
    'verify-agreement': {
      usage: 'FILE [--keys FILE]',
      says: 'says what a signed record of terms says, and by whom it is signed; works offline',
      run: verifyAgreement,
    },
    'verify-timeline': {
      usage: '[--owner NAME [--export FILE]]',
      says: 'compares what is stored of activity with its checkpoints, and names what is not as it was',
      async run(args) {
        const { owner = null, export: file = null } = read(args, ['owner', 'export']);
        return withPool((pool) => verifyTimeline({ pool, config: configOf() }, { owner, export: file }));
      },
    },
    doctor: {
      usage: '',
      says: 'checks this deployment and says what is wrong; without settings, the demo that npm start runs here',
      async run(args) {
        if (args.length > 0) throw new UsageError('doctor takes nothing more.');
        return examine(configOf, demo());
      },
    },
  };
}

/** Says first what was examined, because there may be two of them. */
async function examine(configOf: () => Config, demo: RunningDemo | null): Promise<CommandResult> {
  const config = demo === null ? configOf() : readConfig(demo.env);
  const { lines, ...verdict } = await doctor(config);
  const what =
    demo === null
      ? `${config.issuer}, by the settings in the environment`
      : `${config.issuer}, the demo that npm start runs in ${demo.checkout} (process ${demo.pid})`;
  return { lines: [`Examined: ${what}.`, ...lines], ...verdict };
}

export interface Filter {
  readonly owner: string | null;
  readonly other: string | null;
}

function listing(what: string, other: string, list: (filter: Filter) => Promise<string[]>): Command {
  return {
    usage: `[--owner NAME] [--${other} ${other === 'client' ? 'ID' : 'ISSUER'}]`,
    says: `lists ${what} that are in force: never a token`,
    async run(args) {
      const values = read(args, ['owner', other]);
      const lines = await list({ owner: values['owner'] ?? null, other: values[other] ?? null });
      return { lines: lines.length === 0 ? [`There are no such ${what}.`] : lines };
    },
  };
}

function read(args: readonly string[], names: readonly string[]): Partial<Record<string, string>> {
  try {
    const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]));
    return parseArgs({ args: [...args], options, allowPositionals: false }).values as Partial<Record<string, string>>;
  } catch {
    throw new UsageError(`The options are ${names.map((name) => `--${name}`).join(' and ')}.`);
  }
}

const STOPPABLE = ['connection', 'link', 'owner', 'client', 'host', 'everything'] as const;
export type Stoppable = (typeof STOPPABLE)[number];

function stopCommand(end: (what: Stoppable, name: string) => Promise<string[]>): Command {
  return {
    usage: 'connection ID | link ID | owner NAME | client ID | host ISSUER | everything --yes',
    says: 'ends access at once, on every process; Hosts are told by the running AM',
    async run(args) {
      const [given, name = '', ...more] = args;
      const what = STOPPABLE.find((one) => one === given);
      const complete = what === 'everything' ? name === '--yes' : name !== '';
      if (what === undefined || !complete || more.length > 0) throw new UsageError('Say what is to end.');
      return { lines: await end(what, name) };
    },
  };
}
