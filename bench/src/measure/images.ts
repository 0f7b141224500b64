// Measures how large the images are and how fast they start, and writes it into docs/operations.md:
//   pnpm images && pnpm measure:images

import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import os from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { writeMeasured } from './measured.ts';

const SERVICES = {
  am: {},
  host: { NAME: 'Photos', FLAVOR: 'photos' },
  requester: {},
  bridge: { CLIENTS: JSON.stringify({ github: { id: 'id', secret: 'secret' } }) },
};
const STARTS = 5;
const READY_WITHIN_MS = 60_000;
const MB = 1_000_000;

type Service = keyof typeof SERVICES;

const ENCRYPTION_KEY = randomBytes(32).toString('base64url');
const run = `chatelaine-measure-${process.pid}`;
const docker = (...args: string[]): string =>
  execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

docker('network', 'create', run);
try {
  await startPostgres();
  const rows: string[] = [];
  for (const service of Object.keys(SERVICES) as Service[]) rows.push(await measure(service));
  const lines = [
    '| image | size | not shared | first start, an empty database | later starts |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    `Base image: ${megabytes(sizeOf('node:24-bookworm-slim'))}; ` +
      `what the four share above it, mostly production dependencies: ${megabytes(sharedSize())}. ` +
      `From \`docker run\` to the first 200 of /readyz, median of ${STARTS}, on ${os.availableParallelism()} cores.`,
  ];
  writeMeasured('images', lines);
  console.log(lines.join('\n'));
} finally {
  const left = docker('ps', '-aq', '--filter', `name=${run}`).split('\n').filter(Boolean);
  if (left.length > 0) docker('rm', '-f', '-v', ...left);
  docker('network', 'rm', run);
}

async function startPostgres(): Promise<void> {
  const trust = ['-e', 'POSTGRES_HOST_AUTH_METHOD=trust', '-e', 'POSTGRES_PASSWORD=unused'];
  docker('run', '-d', '--name', `${run}-postgres`, '--network', run, ...trust, 'postgres:18-bookworm');
  const psql = (sql: string) =>
    docker('exec', `${run}-postgres`, 'psql', '-h', '127.0.0.1', '-U', 'postgres', '-c', sql);
  await until(() => psql('select 1'));
  for (const name of Object.keys(SERVICES)) {
    psql(`create role ${name} login`);
    psql(`create schema ${name} authorization ${name}`);
    psql(`alter role ${name} set search_path = ${name}`);
  }
}

async function measure(service: Service): Promise<string> {
  const first = await startOnce(service);
  const later: number[] = [];
  for (let start = 0; start < STARTS; start++) later.push(await startOnce(service));
  const median = later.toSorted((a, b) => a - b)[Math.floor(STARTS / 2)] ?? 0;
  const image = `chatelaine-${service}`;
  const sizes = `${megabytes(sizeOf(image))} | ${megabytes(ownSize(image))}`;
  return `| \`${image}\` | ${sizes} | ${seconds(first)} | ${seconds(median)} |`;
}

async function startOnce(service: Service): Promise<number> {
  const env = {
    ISSUER: `https://${service}.example`,
    DATABASE_URL: `postgresql://${service}@${run}-postgres/postgres`,
    ENCRYPTION_KEY,
    ...SERVICES[service],
  };
  const variables = Object.entries(env).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const began = performance.now();
  const options = ['-d', '--name', `${run}-${service}`, '--network', run, '-p', '127.0.0.1::8080', '--read-only'];
  const id = docker('run', ...options, ...variables, `chatelaine-${service}`);
  const port = docker('port', id, '8080').split(':').at(-1);
  await until(() => ready(Number(port)));
  const took = performance.now() - began;
  docker('stop', '-t', '15', id);
  docker('rm', id);
  return took;
}

async function until(look: () => unknown): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      await look();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await pause(20);
    }
  }
}

function ready(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = http.get({ host: '127.0.0.1', port, path: '/readyz' }, (response) => {
      response.resume();
      if (response.statusCode === 200) resolve();
      else reject(new Error(`${response.statusCode}`));
    });
    request.on('error', reject);
  });
}

function sizeOf(image: string): number {
  return Number(docker('image', 'inspect', '-f', '{{.Size}}', image));
}

/** The last layer that adds something: a service's own code, which is copied after everything that they share. */
function ownSize(image: string): number {
  const layers = docker('history', '--human=false', '--format', '{{.Size}}', image).split('\n').map(Number);
  return layers.find((size) => size > 0) ?? 0;
}

function sharedSize(): number {
  return sizeOf('chatelaine-am') - ownSize('chatelaine-am') - sizeOf('node:24-bookworm-slim');
}

function megabytes(bytes: number): string {
  return `${(bytes / MB).toFixed(bytes < 10 * MB ? 1 : 0)} MB`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
