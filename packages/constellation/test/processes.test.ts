import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { freePorts, planDeployment, RUNTIME, startDeployment, takenPorts } from '../src/index.ts';

test('a service runs in its image as it does here', () => {
  const dockerfile = fs.readFileSync(path.join(import.meta.dirname, '../../../infra/Dockerfile'), 'utf8');
  const [command = ''] = /^CMD .*"dist\/bundle\.js".*$/m.exec(dockerfile) ?? [];
  for (const flag of RUNTIME.flags) expect(command).toContain(`"${flag}"`);
  for (const [name, value] of Object.entries(RUNTIME.env)) expect(dockerfile).toContain(`\nENV ${name}=${value}\n`);
});

describe('ports', () => {
  test('that something listens on are told from free ones', async () => {
    const [free = 0] = await freePorts(1);
    const server = http.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    expect(await takenPorts([free, port])).toEqual([port]);
    await once(server.close(), 'close');
  });

  const testOnLinux = process.platform === 'linux' ? test : test.skip;
  testOnLinux('that one process has chosen are chosen by no other, also when nothing listens there yet', async () => {
    const source = path.join(import.meta.dirname, '../../test-kit/src/free-ports.ts');
    // both would begin at the same place
    const script = `Object.defineProperty(process, 'pid', { value: ${process.pid} });
      const { freePorts } = await import(${JSON.stringify(source)});
      console.log(JSON.stringify(await freePorts(20)));
      process.stdin.resume();`;
    const choosers = [1, 2].map(() =>
      spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] }),
    );
    const chosen = await Promise.all(
      choosers.map(async ({ stdout }) => {
        const [line] = (await once(stdout, 'data')) as [Buffer];
        return JSON.parse(line.toString()) as number[];
      }),
    );
    for (const { stdin } of choosers) stdin.end();
    expect(new Set(chosen.flat()).size).toBe(40);
  });
});

describe('a deployment', () => {
  test('whose service cannot start says what the service said, and leaves nothing behind', async () => {
    const plan = await planDeployment({ ams: 1, hosts: [], requester: false });
    const logDir = fs.mkdtempSync(path.join(os.tmpdir(), 'deployment-'));
    const starting = startDeployment({
      plan,
      logDir,
      databaseUrl: () => 'postgresql://nobody@127.0.0.1:1/nowhere',
      encryptionKey: () => 'too short',
    });
    await expect(starting).rejects.toThrow(/am ended while starting[^]*ENCRYPTION_KEY must be 32 bytes/);
    expect(await takenPorts(plan.map(({ port }) => port))).toEqual([]);
    fs.rmSync(logDir, { recursive: true });
  });
});

describe('the keeper', () => {
  test('ends the processes of somebody who was killed', async () => {
    const script = `
      import { spawn } from 'node:child_process';
      import { startKeeper } from ${JSON.stringify(path.join(import.meta.dirname, '../src/keeper.ts'))};
      const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
      startKeeper().watch(child.pid);
      console.log(child.pid);
      setInterval(() => {}, 1000);`;
    const owner = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(owner.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(isAlive(pid)).toBe(true);
    owner.kill('SIGKILL');
    for (let tries = 0; isAlive(pid) && tries < 800; tries++) await pause(25);
    expect(isAlive(pid)).toBe(false);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // where nobody reaps orphans, the dead stay in the table
  const status = fs.existsSync(`/proc/${pid}/stat`) ? fs.readFileSync(`/proc/${pid}/stat`, 'utf8') : '';
  return !/^\d+ \(.*\) Z/.test(status);
}
