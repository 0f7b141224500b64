import { execFile, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  createLoopbackFetch,
  createPerson,
  freePorts,
  type Person,
  type PersonOptions,
} from '@chatelaine/constellation';
import { docker, PROJECT_PREFIX } from './docker.ts';

const exec = promisify(execFile);
const ROOT = path.join(import.meta.dirname, '../../..');
const NAMES = ['am', 'photos', 'calendar', 'notes', 'lifestream', 'bridge', 'chirp', 'plume', 'apps'] as const;
export type Name = (typeof NAMES)[number];
/** For the containers' output in the last run. */
const LOGS = path.join(ROOT, '.run/logs');
const UP_WITHIN_MS = 180_000;
const EVERYTHING = ['--profile', 'demo'];

/** The deployment of docker-compose.yml, with free ports, and with a network and volumes of its own. */
export interface Deployment {
  readonly project: string;
  /** The issuer. */
  url(name: Name): string;
  /** `<issuer>/api` */
  resource(name: Name): string;
  /** Runs compose, with these images instead of the latest; resolves with what it printed. */
  compose(args: readonly string[], images?: Readonly<Partial<Record<Name, string>>>): Promise<string>;
  /** Ids of a compose service's containers in this state, `running` by default, oldest first. */
  containers(service: string, state?: 'running' | 'exited'): Promise<string[]>;
  /** Trusts the public certificate authorities only. */
  readonly fetch: typeof globalThis.fetch;
  person(options?: PersonOptions): Person;
  /** Removes everything, including the data. */
  down(): Promise<void>;
}

export interface DeploymentOptions {
  /** Compose files that are used together with docker-compose.yml. */
  readonly overlays?: readonly string[];
  readonly scheme?: 'http' | 'https';
}

export async function openDeployment({ overlays = [], scheme = 'http' }: DeploymentOptions = {}): Promise<Deployment> {
  const ports = await freePorts(NAMES.length);
  const portOf = Object.fromEntries(NAMES.map((name, index) => [name, ports[index] ?? 0])) as Record<Name, number>;
  const project = `${PROJECT_PREFIX}${process.pid}-${randomInt(1e6)}`;
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    DOCKER_BUILDKIT: '0',
    COMPOSE_PROJECT_NAME: project,
    // outside the ranges from which Docker gives networks theirs, one after the other
    CONTAINER_NETWORK: `10.213.${randomInt(1, 255)}`,
    SCHEME: scheme,
    // all load comes from one connection
    TRANSFERS_PER_MINUTE: '1000000',
    ...Object.fromEntries(NAMES.map((name) => [`${name.toUpperCase()}_PORT`, String(portOf[name])])),
  };
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'chatelaine-deployment-'));
  const loopback = createLoopbackFetch();
  const people: Person[] = [];
  const url = (name: Name): string => `${scheme}://${name}.localhost:${portOf[name]}`;
  const compose: Deployment['compose'] = async (args, images = {}) => {
    const overlay = path.join(folder, 'images.json');
    const services = Object.fromEntries(Object.entries(images).map(([name, image]) => [name, { image }]));
    // JSON is YAML
    fs.writeFileSync(overlay, JSON.stringify({ services }));
    const base = ['docker-compose.yml', ...overlays].flatMap((file) => ['-f', file]);
    const files = [...base, ...(Object.keys(images).length > 0 ? ['-f', overlay] : [])];
    const [program = '', ...first] = composeCommand();
    return (
      await exec(program, [...first, ...files, ...args], { cwd: ROOT, env, timeout: UP_WITHIN_MS, maxBuffer: 1 << 26 })
    ).stdout;
  };
  return {
    project,
    url,
    resource: (name) => `${url(name)}/api`,
    compose,
    async containers(service, state = 'running') {
      const labels = { project, service, oneoff: 'False' };
      const filters = Object.entries(labels).map(([name, value]) => `label=com.docker.compose.${name}=${value}`);
      const ids = await docker('ps', '-aq', ...[`status=${state}`, ...filters].flatMap((it) => ['--filter', it]));
      return ids
        .split('\n')
        .filter((id) => id !== '')
        .toReversed();
    },
    fetch: loopback.fetch,
    person(options) {
      const person = createPerson(options);
      people.push(person);
      return person;
    },
    async down() {
      await Promise.all([loopback, ...people].map((it) => it.close()));
      fs.mkdirSync(LOGS, { recursive: true });
      fs.writeFileSync(
        path.join(LOGS, `${['compose', ...overlays].join('-')}.log`),
        await compose([...EVERYTHING, 'logs', '--no-color', '-t']),
      );
      await compose([...EVERYTHING, 'down', '-v', '-t', '2']);
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Whichever of the two programs is installed. */
function composeCommand(): readonly string[] {
  const known = [['docker', 'compose'], ['docker-compose']];
  const found = known.find(([program = '', ...args]) => spawnSync(program, [...args, 'version']).status === 0);
  if (found === undefined) throw new Error('There is neither docker compose nor docker-compose.');
  return found;
}
