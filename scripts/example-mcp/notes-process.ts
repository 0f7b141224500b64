import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createLoopbackFetch, type Guest, type Keeper } from '@chatelaine/constellation';
import { root } from '../workspace.ts';

export interface NotesProcessOptions {
  /** The address at which it listens. */
  readonly guest: Guest;
  readonly am: { readonly url: string; readonly port: number };
  readonly databaseUrl: string;
  /** Passwords by username. */
  readonly accounts: Readonly<Record<string, string>>;
  readonly keeper: Keeper;
  readonly logDir: string;
}

/** `examples/mcp-server`, as anybody would run it: in its own process, configured only by its environment. */
export interface NotesProcess {
  readonly url: string;
  /** The address to paste into an MCP client. */
  readonly mcpUrl: string;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 30_000;
const READY_PAUSE_MS = 50;

export async function startNotes(options: NotesProcessOptions): Promise<NotesProcess> {
  const { guest, am, keeper } = options;
  const title = `${guest.name.slice(0, 1).toUpperCase()}${guest.name.slice(1)}`;
  const logFile = path.join(options.logDir, `${guest.name}.log`);
  fs.mkdirSync(options.logDir, { recursive: true });
  const output = fs.openSync(logFile, 'a');
  const child = spawn(process.execPath, ['--conditions=source', 'src/main.ts'], {
    cwd: path.join(root, 'examples/mcp-server'),
    env: {
      ...process.env,
      ISSUER: guest.url,
      PORT: String(guest.port),
      NAME: title,
      MANAGER: am.url,
      DATABASE_URL: options.databaseUrl,
      ACCOUNTS: JSON.stringify(options.accounts),
      DEMO: 'true',
      OUTBOUND_EXCEPTIONS: JSON.stringify([
        { host: new URL(am.url).hostname, port: am.port, scheme: 'http', cidr: '127.0.0.0/8' },
      ]),
    },
    stdio: ['ignore', output, output],
    // Ctrl-C reaches the whole process group, but we stop this process ourselves
    detached: true,
  });
  fs.closeSync(output);
  if (child.pid !== undefined) keeper.watch(child.pid);
  const exited = once(child, 'exit');
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!(await answers(guest))) {
    if (ended() || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`${title} did not start.\n${fs.readFileSync(logFile, 'utf8')}`);
    }
    await pause(READY_PAUSE_MS);
  }
  return {
    url: guest.url,
    mcpUrl: `${guest.url}/mcp`,
    async stop() {
      if (ended()) return;
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function answers({ url }: Guest): Promise<boolean> {
  const way = createLoopbackFetch();
  try {
    const answer = await way.fetch(`${url}/.well-known/oauth-protected-resource/mcp`);
    return answer.ok;
  } catch {
    return false;
  } finally {
    await way.close();
  }
}
