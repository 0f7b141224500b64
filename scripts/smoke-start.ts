// Tries `npm start` as its user does: it comes up, Ctrl-C leaves nothing behind, a second start keeps the data, and a
// port in use is reported clearly. Needs Linux (/proc) to find what was left behind.

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { measurePace } from '../jest/pace.js';
import { missingInFeed } from './smoke/feed.ts';
import { commandLine, kill, left } from './smoke/processes.ts';
import { root } from './workspace.ts';

interface Services {
  readonly am: { readonly url: string };
  readonly hosts: readonly { readonly name: string; readonly url: string }[];
  readonly requester: { readonly url: string };
  readonly accounts: readonly { readonly service: string; readonly username: string; readonly password: string }[];
}

interface Run {
  readonly child: ChildProcess;
  /** In the environment of every process that it starts, and of no other. */
  readonly marker: string;
  output: string;
}

/** How many times slower this machine is than a quick one with nothing else to do. */
const PACE = measurePace();
const UP_WITHIN_MS = 300_000 * PACE; // the first start installs and builds
const SAID_WITHIN_MS = 10_000 * PACE;
const DOWN_WITHIN_MS = 15_000 * PACE;
/** How many lines somebody has to read before they can sign in. */
const LINES = 25;
const COLUMNS = 100;
/** What a slow machine prints while a step is still running. */
const STILL = /^(Installing|Building|Waiting for .+) … \d+ s$/;
/** An entry of a Host, and one of each service that knows nothing of AMs. */
const ENTRIES = ['Fog over the allotments', 'Learned to whistle with two fingers', 'On keeping a diary'];
const SERVICES_FILE = path.join(root, '.run/services.json');

const runs: Run[] = [];
try {
  await smoke();
  console.log('npm start: all good');
} catch (error) {
  console.error(`npm start: ${error instanceof Error ? error.message : String(error)}`);
  const output = runs.at(-1)?.output ?? '';
  if (output !== '') console.error(`--- its output ends with\n${output.split('\n').slice(-40).join('\n')}`);
  process.exitCode = 1;
} finally {
  for (const run of runs) for (const pid of left(run)) kill(pid);
}

async function smoke(): Promise<void> {
  const first = start();
  const services = await up(first);
  const keys = await keyIds(services);
  say(`came up: ${urls(services).join(' ')}`);
  // the account of one transfer, up to the thief who is refused
  await says(first, /A thief → .+\n +answer +401/, 'the first start told no transfer to its end');
  say('told one transfer');
  const missing = await missingInFeed(services, { entries: ENTRIES, withinMs: SAID_WITHIN_MS });
  expect(missing.length === 0, `the feed is without ${missing.join('; ')}`);
  say('the feed has entries of Hosts, and of both services that have never heard of an AM');
  isShort(first);
  say(`the sign-in stands within ${LINES} lines of ${COLUMNS} columns`);
  await interrupt(first, services);
  say('Ctrl-C left nothing behind');

  const second = start();
  const again = await up(second);
  expect(same(again.accounts, services.accounts), 'the second start knows other accounts than the first');
  expect(
    same(await keyIds(again), keys),
    'the second start has other signing keys than the first: the data was not kept',
  );
  await interrupt(second, again);
  say('a second start kept the data');

  await portInUse(new URL(services.am.url).port);
  say('a port in use is one clear sentence');
}

function start(): Run {
  fs.rmSync(SERVICES_FILE, { force: true });
  const marker = `CHATELAINE_SMOKE=${randomUUID()}`;
  const [name = '', value = ''] = marker.split('=');
  // a process group of its own, as a terminal creates it: Ctrl-C reaches npm and everything below it
  const child = spawn('npm', ['start'], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, [name]: value },
  });
  const run: Run = { child, marker, output: '' };
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (run.output += chunk.toString()));
  runs.push(run);
  return run;
}

async function up(run: Run): Promise<Services> {
  const deadline = Date.now() + UP_WITHIN_MS;
  while (!fs.existsSync(SERVICES_FILE)) {
    const { exitCode, signalCode } = run.child;
    expect(
      exitCode === null && signalCode === null,
      `it ended (${signalCode ?? `exit code ${exitCode}`}) before .run/services.json was there`,
    );
    expect(Date.now() < deadline, `.run/services.json was not there after ${UP_WITHIN_MS / 1000} s`);
    await pause(100);
  }
  const services = JSON.parse(fs.readFileSync(SERVICES_FILE, 'utf8')) as Services;
  expect(services.hosts.length > 0 && services.accounts.length > 0, '.run/services.json names no hosts or no accounts');
  for (const url of urls(services)) {
    const { status } = await get(new URL(url));
    expect(status < 500, `${url} answers ${status}`);
  }
  return services;
}

/** Waits, because what a process has written arrives later than what it has done. */
async function says(run: Run, words: RegExp, otherwise: string): Promise<void> {
  const deadline = Date.now() + SAID_WITHIN_MS;
  while (!words.test(run.output)) {
    expect(Date.now() < deadline, otherwise);
    await pause(100);
  }
}

function isShort({ output }: Run): void {
  const lines = output.split('\n');
  const signIn = lines.findIndex((line) => /^ {2}password {3}\S/.test(line));
  expect(signIn >= 0, 'the first start tells no sign-in');
  const before = lines.slice(0, signIn + 1).filter((line) => !STILL.test(line));
  expect(before.length <= LINES, `the sign-in comes after ${before.length - 1} lines`);
  const wide = before.find((line) => line.length > COLUMNS);
  expect(wide === undefined, `this line has more than ${COLUMNS} columns: ${wide}`);
}

async function interrupt(run: Run, services: Services): Promise<void> {
  const exited = once(run.child, 'exit');
  process.kill(-(run.child.pid ?? Number.NaN), 'SIGINT');
  const deadline = Date.now() + DOWN_WITHIN_MS;
  // npm itself may exit before what it started: all of it must end
  while (left(run).length > 0) {
    expect(
      Date.now() < deadline,
      `${DOWN_WITHIN_MS / 1000} s after Ctrl-C these still run:\n${left(run).map(commandLine).join('\n')}`,
    );
    await pause(100);
  }
  await exited;
  for (const url of urls(services)) {
    expect(!(await isTaken(Number(new URL(url).port))), `after Ctrl-C something still listens on ${url}`);
  }
}

async function portInUse(port: string): Promise<void> {
  const occupant = net.createServer().listen(Number(port), '127.0.0.1');
  await once(occupant, 'listening');
  try {
    const run = start();
    const timer = setTimeout(() => kill(-(run.child.pid ?? Number.NaN)), UP_WITHIN_MS);
    const [code] = (await once(run.child, 'close')) as [number | null];
    clearTimeout(timer);
    expect(code !== 0 && code !== null, `with port ${port} in use it ended with ${code}`);
    const about = run.output.split('\n').filter((line) => line.includes(port) && /in use/i.test(line));
    expect(about.length === 1, `with port ${port} in use it said so in ${about.length} lines instead of one`);
    expect(!/^\s+at .+:\d+/m.test(run.output), `with port ${port} in use it printed a stack trace`);
    expect(left(run).length === 0, `with port ${port} in use it left processes behind`);
  } finally {
    occupant.close();
  }
}

/**
 * Key ids of the signing keys of the AM and the Requester, as published for their client documents: the keys are made
 * at the first start and stored in the database.
 */
async function keyIds({ am, hosts, requester }: Services): Promise<string[]> {
  const [host] = hosts;
  const ids: string[] = [];
  for (const document of [`${am.url}/clients/${tagOf(host?.url ?? '')}`, `${requester.url}/client`]) {
    const { jwks_uri: uri } = await json<{ jwks_uri: string }>(new URL(document));
    const { keys } = await json<{ keys: { kid: string }[] }>(new URL(uri));
    ids.push(...keys.map(({ kid }) => kid));
  }
  expect(ids.length > 1, 'the AM or the Requester publishes no signing key');
  return ids.toSorted();
}

/** PROTOCOL §2.2: the AM's identity at a Host. */
function tagOf(issuer: string): string {
  return createHash('sha256').update(issuer).digest('base64url').slice(0, 22);
}

async function json<T>(url: URL): Promise<T> {
  const { status, body } = await get(url);
  expect(status === 200, `${url.href} answers ${status}`);
  return JSON.parse(body) as T;
}

/** Node does not resolve *.localhost on every machine; the demo listens on loopback. */
async function get(url: URL): Promise<{ status: number; body: string }> {
  const request = http.get({ host: '127.0.0.1', port: url.port, path: url.pathname, headers: { host: url.host } });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode ?? 0, body };
}

function isTaken(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = net.connect(port, '127.0.0.1', () => resolve(true));
  socket.on('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

function urls({ am, hosts, requester }: Services): string[] {
  return [am.url, ...hosts.map(({ url }) => url), requester.url];
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function expect(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise);
}

function say(line: string): void {
  console.log(`ok   ${line}`);
}
