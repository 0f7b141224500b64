// Measures what the bridge adds to a call to a service, compared in one run with the same call made directly, and
// whether its memory grows with what it passes on; writes both into docs/bridge.md: `pnpm measure:bridge`.

import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { addHost, type Constellation, freePorts, signUp, startConstellation } from '@chatelaine/constellation';
import { definitionOf } from '@chatelaine/stand-in-services';
import { openRawRequester, RAW_CALLBACK, type RawRequester } from '../../../e2e/test/support/raw-requester.ts';
import { startChild } from '../child.ts';
import { type Contender, contest, ratio, type Rounds, type Spread, spread } from '../compare/contest.ts';
import { many } from '../compare/transfers.ts';
import { runBlock } from '../load.ts';
import type { Prepared } from '../requests.ts';
import { writeMeasured } from './measured.ts';

/** As many as one Requester may have in progress at one account. */
const AT_ONCE = 8;
const EFFORT = { rounds: 5, seconds: 2, warmups: 2 };
const MB = 1_000_000;
const FILE_BYTES = 100 * MB;
const LOOK_EVERY_MS = 10;
/** How many calls are made to count processor time. */
const CALLS = 1000;

const [bridgePort = 0, servicePort = 0] = await freePorts(2);
const issuer = `http://bridge.localhost:${bridgePort}`;
const origin = `http://chirp.localhost:${servicePort}`;
const client = { id: 'bridge', secret: 'client-secret-of-the-bridge' };
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'measure-bridge-'));
fs.writeFileSync(path.join(folder, 'chirp.yaml'), definitionOf({ version: '2.0', title: 'Chirp', origin }));
const service = startChild({
  main: path.join(import.meta.dirname, 'service.ts'),
  env: {
    PORT: String(servicePort),
    CLIENT: JSON.stringify({ ...client, redirectUri: `${issuer}/services/chirp/callback` }),
    NODE_OPTIONS: '--conditions=source',
  },
});
await service.ready;
const deployment = await startConstellation({
  ams: 1,
  hosts: [],
  bridges: 1,
  requester: false,
  guests: ['chirp'],
  ports: { bridge: bridgePort, chirp: servicePort },
  label: 'measure-bridge',
  env: ({ service: which }): Record<string, string> =>
    which === 'bridge' ? { DEFINITIONS: folder, CLIENTS: JSON.stringify({ chirp: client }) } : {},
});
try {
  const lines = await measure(deployment);
  writeMeasured('bridge', lines, 'docs/bridge.md');
  console.log(lines.join('\n'));
} finally {
  await deployment.stop();
  await service.stop();
  fs.rmSync(folder, { recursive: true });
}

async function measure(on: Constellation): Promise<string[]> {
  const { raw, token } = await connected(on);
  const [bridge] = on.services.find(({ name }) => name === 'bridge')?.processes ?? [];
  if (bridge?.pid === undefined) throw new Error('there is no bridge');
  const { pid, port } = bridge;
  const proxied: Contender = {
    name: 'proxied',
    port,
    requests: async (count) => {
      const given = await token();
      return many(count, () => callOf(raw, given, '/api/chirp/entries'));
    },
  };
  const bearer = { authorization: `Bearer ${await service.call<string>('accessToken')}` };
  const straight: Contender = {
    name: 'straight',
    port: servicePort,
    again: true,
    requests: () => [{ method: 'GET', path: '/entries', host: new URL(origin).host, headers: bearer, body: '' }],
  };
  const busy = await contest([proxied, straight], { inFlight: AT_ONCE, effort: EFFORT });
  const alone = await contest([proxied, straight], { inFlight: 1, effort: EFFORT });
  const given = await token();
  const counted = await many(CALLS, () => callOf(raw, given, '/api/chirp/entries'));
  const forCalls = await processorTimeOf(pid, () => runBlock(port, counted, AT_ONCE));
  const file = `/files/${FILE_BYTES}`;
  const through = async (): Promise<number> =>
    download(port, await callOf(raw, await token(), `/api/chirp${file}`), FILE_BYTES);
  await through();
  const forFile = await processorTimeOf(pid, through);
  const before = rssOf(pid);
  const one = await watching(pid, through);
  const eight = await watching(pid, () => Promise.all(Array.from({ length: AT_ONCE }, through)));
  const direct = await download(
    servicePort,
    { method: 'GET', path: file, host: new URL(origin).host, headers: bearer, body: '' },
    FILE_BYTES,
  );
  const milliseconds = ofRounds(alone, 'proxied', 'straight');
  return [
    '| | |',
    '|---|---|',
    '| calls per second through the bridge ÷ directly, ' +
      `${AT_ONCE} in flight | ${range(ratio(busy, { ours: 'proxied', theirs: 'straight' }), 2)} |`,
    `| one call alone: what the bridge adds to the median | ${range(milliseconds, 1)} ms |`,
    `| a download of 100 MB through the bridge ÷ directly, MB per second | ${(direct / one.result).toFixed(2)} |`,
    `| processor time of the bridge for a call | ${(forCalls / CALLS).toFixed(2)} ms |`,
    `| … for a download of 100 MB | ${(forFile / 1000).toFixed(2)} s |`,
    '| memory (RSS) of the bridge before a download of 100 MB ' +
      `→ the most during it | ${mb(before)} → ${mb(one.most)} MB |`,
    `| … during ${AT_ONCE} such downloads at once | ${mb(eight.most)} MB |`,
    '',
    `Medians of ${EFFORT.rounds} rounds of ${EFFORT.seconds} s in turn, with the lowest and the highest; ` +
      'each proxied call with a DPoP proof of its own, checked against Postgres. The service is the',
    `stand-in of the tests, in Node; ${os.cpus().length} cores, ` +
      `load average at the end ${(os.loadavg()[0] ?? 0).toFixed(1)}. By \`pnpm measure:bridge\`.`,
  ];
}

/**
 * Somebody who has connected the service, the bridge and a Requester; and a token for it, renewed before it expires.
 */
async function connected(on: Constellation): Promise<{ raw: RawRequester; token: () => Promise<string> }> {
  const robin = on.person({ stopsAt: [RAW_CALLBACK] });
  await signUp(robin, on.am.url);
  await signUp(robin, issuer);
  await robin.visit(`${issuer}/services`);
  await robin.press('Connect', {}, { near: 'Chirp' });
  await robin.follow(/^Continue to /);
  await robin.press('yes', { account: 'robin' });
  await addHost(robin, { am: on.am, host: { url: issuer } });
  const raw = await openRawRequester(on);
  const { accessToken } = await raw.connect(robin);
  let kept = { token: '', at: -Infinity };
  const token = async (): Promise<string> => {
    if (performance.now() - kept.at < 120_000) return kept.token;
    const { body } = await raw.exchange(accessToken, { resource: `${issuer}/api`, scope: 'chirp:entries.read' });
    kept = { token: String(body['access_token']), at: performance.now() };
    return kept.token;
  };
  return { raw, token };
}

async function callOf(raw: RawRequester, token: string, target: string): Promise<Prepared> {
  const dpop = await raw.proof('GET', `${issuer}${target}`, token);
  const headers = { authorization: `DPoP ${token}`, dpop };
  return { method: 'GET', path: target, host: new URL(issuer).host, headers, body: '' };
}

/** Milliseconds that a download takes. */
function download(port: number, { path: target, host, headers }: Prepared, bytes: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const began = performance.now();
  const request = http.get({ host: '127.0.0.1', port, path: target, headers: { ...headers, host } }, (response) => {
    let read = 0;
    response.on('data', (piece: Buffer) => (read += piece.length));
    response.on('error', reject);
    response.on('end', () => {
      if (response.statusCode === 200 && read === bytes) resolve(performance.now() - began);
      else reject(new Error(`${response.statusCode}: ${read} bytes came`));
    });
  });
  request.on('error', reject);
  return promise;
}

/** The most memory that a process uses while `work` runs. */
async function watching<T>(pid: number, work: () => Promise<T>): Promise<{ result: T; most: number }> {
  let most = rssOf(pid);
  let isOver = false;
  const watch = async (): Promise<void> => {
    while (!isOver) {
      most = Math.max(most, rssOf(pid));
      await pause(LOOK_EVERY_MS);
    }
  };
  const watched = watch();
  const result = await work();
  isOver = true;
  await watched;
  return { result, most };
}

/** Milliseconds of processor time that all threads of a process use while `work` runs. */
async function processorTimeOf(pid: number, work: () => Promise<unknown>): Promise<number> {
  const used = (): number => {
    // proc(5): the fields after the name, which is in parentheses; utime and stime, in hundredths of a second
    const fields = fs
      .readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  };
  const before = used();
  await work();
  return used() - before;
}

function rssOf(pid: number): number {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** By how many milliseconds the median of one exceeds the other's, for each round. */
function ofRounds(rounds: Rounds, one: string, other: string): Spread {
  const [mine = [], theirs = []] = [rounds.get(one), rounds.get(other)];
  return spread(mine.map(({ p50 }, index) => p50 - (theirs[index]?.p50 ?? 0)));
}

function range({ median, lowest, highest }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${lowest.toFixed(digits)}–${highest.toFixed(digits)})`;
}

function mb(bytes: number): string {
  return (bytes / MB).toFixed(0);
}
