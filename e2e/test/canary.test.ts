import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import {
  addHost,
  connectRequester,
  type Constellation,
  type Exchange,
  type Person,
  type Recording,
  signIn,
  signUp,
  startConstellation,
} from '@chatelaine/constellation';
import { createVault, deriveKey } from '@chatelaine/crypto';
import { startEmbedded } from '@chatelaine/dev-postgres';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bodyOf } from '@chatelaine/test-kit';
import { type Canary, canariesIn, leakedIn } from './support/canaries.ts';
import { dumpAll, heapSnapshots, passTheTime, snapshot } from './support/dumps.ts';
import { eventually } from '@chatelaine/test-kit';

// A whole story runs while all traffic is recorded. Then every secret in it (passwords, tokens, codes, verifiers,
// request_uris, states, cookies, assertions, proofs and statements) is looked for where it must not be.

const MASTER_KEYS = new Map<string, string>();

let deployment: Constellation;
let robin: Person;
let diagnostics: string;
let canaries: Canary[];
/** Everything that the services sent to their trace collector. */
let traces = '';
let collector: http.Server;

beforeAll(async () => {
  diagnostics = fs.mkdtempSync(path.join(os.tmpdir(), 'canary-'));
  collector = http.createServer(async (request, answer) => {
    traces += (await bodyOf(request)).toString();
    answer.end('{}');
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const { port } = collector.address() as AddressInfo;
  deployment = await startConstellation({
    postgres: await startEmbedded(),
    label: 'canary',
    ams: 1,
    hosts: ['photos'],
    logLevel: 'debug',
    env: ({ name }) => {
      MASTER_KEYS.set(name, randomBytes(32).toString('base64url'));
      return {
        ENCRYPTION_KEY: MASTER_KEYS.get(name) ?? '',
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
        ...heapSnapshots(diagnostics),
      };
    },
  });
  robin = deployment.person({ username: 'robin', password: `canary-${randomBytes(16).toString('hex')}` });
  const wrong = `canary-${randomBytes(16).toString('hex')}`;
  const recording = deployment.record();
  await tell(wrong, recording);
  recording.stop();
  canaries = [
    { kind: 'password', secret: robin.password },
    { kind: 'password', secret: wrong },
    ...[...MASTER_KEYS.values()].map((secret): Canary => ({ kind: 'key', secret })),
    ...(await privateKeys()),
    ...canariesIn(recording.exchanges),
  ];
});

afterAll(async () => {
  await deployment?.stop();
  collector?.close();
  fs.rmSync(diagnostics, { recursive: true, force: true });
});

/**
 * Accounts, a link, a connection, reading, an outage of the database, a stop, a wrong password, and finally a replay of
 * all requests of machines.
 */
async function tell(wrong: string, recording: Recording): Promise<void> {
  const [host] = deployment.hosts;
  if (host === undefined) throw new Error('no Host');
  await signUp(robin, deployment.am.url);
  await signUp(robin, host.url);
  await addHost(robin, { am: deployment.am, host });
  await signUp(robin, deployment.requester.url);
  await connectRequester(robin, { am: deployment.am, requester: deployment.requester, answers: () => 'allow' });
  await robin.visit(deployment.requester.url);
  await withoutDatabase();
  const stranger = deployment.person({ username: 'robin', password: wrong });
  await expect(signIn(stranger, deployment.am.url)).rejects.toThrow();
  await robin.visit(`${deployment.am.url}/apps`);
  await robin.press('Stop Lifestream');
  const look = async () => (await robin.visit(`${deployment.am.url}/apps`)).text;
  await eventually(look, { until: (text) => /Photos confirmed/.test(text) });
  await replay([...recording.exchanges]);
}

/** Requests during an outage are answered with "try again later", and their content must not be logged. */
async function withoutDatabase(): Promise<void> {
  await deployment.postgres.crash();
  expect((await robin.visit(deployment.am.url)).status).toBe(503);
  const tab = deployment.person({ username: 'robin', password: robin.password });
  await expect(signUp(tab, deployment.am.url)).rejects.toThrow();
  await robin.visit(deployment.requester.url);
  await deployment.postgres.restart();
  const back = async () => (await robin.visit(deployment.am.url)).status;
  await eventually(back, { until: (status) => status === 200 });
}

/** Sends everything that machines posted once more: used codes, assertions and proofs, and ended tokens. */
async function replay(exchanges: readonly Exchange[]): Promise<void> {
  const posted = exchanges.filter(
    ({ request }) => request.method === 'POST' && /^\/(token|par|revoke)$/.test(request.path),
  );
  expect(posted.length).toBeGreaterThan(4);
  for (const { service, request } of posted) {
    const url = deployment.services.find(({ name }) => name === service)?.url;
    const kept = request.headers.filter(([name]) =>
      ['content-type', 'dpop', 'authorization'].includes(name.toLowerCase()),
    );
    const answer = await deployment.fetch(`${url}${request.path}`, {
      method: 'POST',
      headers: Object.fromEntries(kept),
      body: request.body,
    });
    expect(answer.status).toBeGreaterThanOrEqual(400);
  }
}

/** The private keys of the AM and Lifestream, for which a reader of the tables would need the encryption key. */
async function privateKeys(): Promise<Canary[]> {
  const found: Canary[] = [];
  const keepers = [
    { role: 'am', vault: 'am/vault', aadOf: (kid: string) => `signing_key|${kid}` },
    { role: 'lifestream', vault: 'vault', aadOf: (kid: string) => JSON.stringify(['signing_key', kid]) },
  ];
  for (const { role, vault, aadOf } of keepers) {
    const opener = createVault(deriveKey(Buffer.from(MASTER_KEYS.get(role) ?? '', 'base64url'), vault));
    const rows = await deployment.database.query<{ kid: string; sealed: Buffer }>(
      role,
      'select kid, sealed from signing_key',
    );
    for (const { kid, sealed } of rows) {
      const { d } = JSON.parse(opener.decrypt(sealed, aadOf(kid))) as { d: string };
      found.push({ kind: 'key', secret: d });
    }
  }
  return found;
}

describe('secrets', () => {
  test('of every kind have travelled in this story', () => {
    const kinds = new Set(canaries.map(({ kind }) => kind));
    expect([...kinds].toSorted()).toEqual([
      'code',
      'cookie',
      'jwt',
      'key',
      'password',
      'request_uri',
      'state',
      'token',
      'verifier',
    ]);
    const tokens = new Set(canaries.filter(({ kind }) => kind === 'token').map(({ secret }) => secret.slice(0, 6)));
    expect([...tokens].toSorted()).toEqual(['cha_at', 'cha_ct', 'cha_lt', 'cha_rt']);
  });

  test('are recognised as text, and as bytes in hexadecimal and base64', () => {
    const [canary] = canaries.filter(({ kind }) => kind === 'token');
    if (canary === undefined) throw new Error('no token');
    const bytes = Buffer.from(`??${canary.secret}!`);
    for (const encoding of ['utf8', 'hex', 'base64', 'base64url'] as const) {
      expect([encoding, leakedIn(bytes.toString(encoding), [canary]).length]).toEqual([encoding, 1]);
    }
  });

  test('are in no log, at level debug', () => {
    for (const process of deployment.services.flatMap(({ processes }) => processes)) {
      const log = fs.readFileSync(process.logFile, 'utf8');
      expect(log).toContain('"path":"/sign-up"');
      expect({ of: process.name, found: leakedIn(log, canaries) }).toEqual({ of: process.name, found: [] });
    }
  });

  test('are in no trace, and one trace goes through all three services', async () => {
    const serving = (trace: string) =>
      deployment.services
        .filter(({ processes }) => processes.some(({ logFile }) => fs.readFileSync(logFile, 'utf8').includes(trace)))
        .map(({ service }) => service)
        .toSorted();
    const all = ['am', 'host', 'requester'];
    const ids = () => new Set(traces.match(/(?<="traceId":")[0-9a-f]{32}/g) ?? []);
    const through = async () => [...ids()].find((trace) => serving(trace).join() === all.join());
    // each service exports its spans by itself, some seconds later
    await eventually(through, { until: (trace) => trace !== undefined });
    const tokens = async () => traces.includes('"POST /token"');
    await eventually(tokens, { until: Boolean });
    expect(leakedIn(traces, canaries)).toEqual([]);
  });

  test('are in no table of any schema, as text or as bytes', async () => {
    const dump = await dumpAll(deployment);
    expect(dump).toContain('robin');
    expect(leakedIn(dump, canaries)).toEqual([]);
  });

  // A snapshot begins with a full garbage collection, so whatever it shows is still referenced. Requests that are over
  // must leave nothing in memory: neither passwords, codes, verifiers and cookies nor the tokens that they carried, not
  // even those that the AM encrypts and decrypts (E7: no decrypted link token in any cache). Left out are the
  // encryption and private keys, which a process needs all the time, and at Lifestream the Hosts' access tokens, which
  // it keeps in memory by design until shortly before they expire. Snapshots cut strings at 1,024 characters: a whole
  // request body may hide a secret, the values parsed out of it may not.
  test('are not held in memory once the requests that carried them are over', async () => {
    for (const service of deployment.services) {
      for (const process of service.processes) {
        const forbidden = canaries.filter(
          ({ kind, secret }) => kind !== 'key' && !(service.service === 'requester' && secret.startsWith('cha_at_')),
        );
        const look = async () => {
          await passTheTime(deployment, service);
          const heap = await snapshot(deployment, { folder: diagnostics, service, process });
          const found = forbidden
            .filter(({ secret }) => heap.includes(secret))
            .map(({ kind, secret }) => `${kind} ${secret.slice(0, 10)}…`);
          // the check does see what is held: the tokens that Lifestream keeps
          const kept = canaries.filter(({ secret }) => secret.startsWith('cha_at_') && heap.includes(secret));
          expect(kept.length > 0).toBe(service.service === 'requester');
          return { of: process.name, found };
        };
        // an idle connection holds its last request in memory until it is closed
        const seen = await eventually(look, { until: ({ found }) => found.length === 0, seconds: KEPT_ALIVE_SECONDS });
        expect(seen).toEqual({ of: process.name, found: [] });
      }
    }
  });
});

/** Longer than an idle connection is kept open. */
const KEPT_ALIVE_SECONDS = 30;
