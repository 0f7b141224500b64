import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@chatelaine/test-kit';

const KEY = Buffer.alloc(32, 1).toString('base64url');
let child: ChildProcess;
let output = '';

function start(env: Record<string, string>): void {
  output = '';
  const root = path.join(import.meta.dirname, '..');
  const args = ['--conditions=source', '--import', 'tsx', path.join(root, 'test', 'support', 'process.ts')];
  child = spawn(process.execPath, args, {
    cwd: root,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
}
afterEach(() => void child.kill('SIGKILL'));

const ended = () => new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));

/** Resolves with the first match of a pattern in what the process writes. */
const written = (pattern: RegExp) => eventually(() => pattern.exec(output));

describe('a service as a process', () => {
  test('does not start with an unusable configuration, and says why in sentences', async () => {
    start({ PORT: 'http', KEY: 'secret-canary' });
    expect(await ended()).toBe(78);
    expect(output).toMatch(
      /^The service does not start:\n {2}PORT must be a whole number from 0 to 65535\.\n {2}KEY must be 32 bytes/,
    );
    expect(output).not.toMatch(/canary|at .*\.ts/);
  });

  test.each<NodeJS.Signals>(['SIGTERM', 'SIGINT'])(
    '%s lets the request in flight finish, runs the onClose hooks and ends with 0',
    async (signal) => {
      start({ PORT: '0', KEY });
      const [, port] = await written(/Server listening at http:\/\/127\.0\.0\.1:(\d+)/);
      const slow = fetch(`http://127.0.0.1:${port}/slow`);
      await written(/arrived/);
      const end = ended();
      child.kill(signal);
      expect(await (await slow).json()).toEqual({ ok: true });
      expect(await end).toBe(0);
      expect(output).toContain('closed');
    },
  );

  test('reports a port in use in one message', async () => {
    start({ PORT: '0', KEY });
    const [, port = ''] = await written(/Server listening at http:\/\/127\.0\.0\.1:(\d+)/);
    const first = child;
    start({ PORT: port, KEY });
    expect(await ended()).toBe(1);
    expect(output).toMatch(/does not start: .*EADDRINUSE/);
    first.kill('SIGKILL');
  });
});
