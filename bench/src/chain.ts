import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  addHost,
  answerConsent,
  createPerson,
  freePorts,
  type Person,
  signInIfAsked,
  signUp,
} from '@chatelaine/constellation';
import { challengeOf, createVerifier, publicJwks } from '@chatelaine/crypto';
import { GRANT, TOKEN_TYPE } from '@chatelaine/protocol';
import { type Child, startChild, type Usage } from './child.ts';
import { REDIRECT_URI, SCOPE } from './code.ts';
import { runBlock } from './load.ts';
import { type Endpoint, newParty, type Party, type Prepared, prepare } from './requests.ts';
import type { Subject } from './steps.ts';
import { register } from './target.ts';

/** A real AM and a real Host, one process each, with a link and a connection; a transfer asks the AM, and the AM asks the Host. */
export interface Chain extends Subject {
  readonly am: Service;
  readonly host: Service;
  stop(): Promise<void>;
}

export interface ChainOptions {
  readonly databaseUrl: (role: string) => string;
  /** A folder for `am.log` and `host.log`, with a line for each request; nothing is written by default. */
  readonly logs?: string;
}

export interface Service extends Endpoint {
  readonly child: Child;
}

const root = path.join(import.meta.dirname, '../..');
const DELEGATED = 'entries.read';

export async function startChain({ databaseUrl, logs }: ChainOptions): Promise<Chain> {
  const [amPort = 0, hostPort = 0] = await freePorts(2);
  const plan = { am: { name: 'am', port: amPort }, host: { name: 'photos', port: hostPort } };
  const am = startService('am', { ...plan.am, databaseUrl, logs, calls: plan.host });
  const host = startService('host', { ...plan.host, databaseUrl, logs, calls: plan.am });
  await Promise.all([ready(am), ready(host)]);
  const person = createPerson({ stopsAt: [REDIRECT_URI] });
  const party = await connect(person, am, host);
  const accessToken = await redeemed(person, am, party);
  await person.close();
  const form = {
    grant_type: GRANT.tokenExchange,
    subject_token: accessToken,
    subject_token_type: TOKEN_TYPE.accessToken,
    resource: `${host.issuer}/api`,
    scope: DELEGATED,
  };
  return {
    am,
    host,
    port: am.port,
    usage: async () => together(await am.child.usage(), await host.child.usage()),
    requests: (count) =>
      Promise.all(
        Array.from({ length: count }, () => prepare(am, party, { path: '/token', form, proof: 'with proof' })),
      ),
    keep: () => undefined,
    stop: async () => void (await Promise.all([am.child.stop(), host.child.stop()])),
  };
}

function together(am: Usage, host: Usage): Usage {
  const named = (name: string, { statements }: Usage) =>
    Object.entries(statements).map(([statement, count]) => [`${name}: ${statement}`, count] as const);
  return { statements: Object.fromEntries([...named('AM', am), ...named('Host', host)]), cpuMs: am.cpuMs + host.cpuMs };
}

interface Place {
  readonly name: string;
  readonly port: number;
}

function startService(
  service: 'am' | 'host',
  input: Place & { databaseUrl: (role: string) => string; logs: string | undefined; calls: Place },
): Service {
  const { name, port, calls } = input;
  const issuer = `http://${name}.localhost:${port}`;
  const exception = { host: `${calls.name}.localhost`, port: calls.port, scheme: 'http', cidr: '127.0.0.0/8' };
  const cwd = path.join(root, 'services', service);
  const child = startChild({
    main: path.join(cwd, 'dist/main.js'),
    cwd,
    env: {
      NODE_ENV: 'production',
      NAME: name,
      ISSUER: issuer,
      PORT: String(port),
      DATABASE_URL: input.databaseUrl(name),
      ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
      OUTBOUND_EXCEPTIONS: JSON.stringify([exception]),
      DEMO: 'true',
      LOG_LEVEL: input.logs === undefined ? 'error' : 'info',
      ...(service === 'host' && { FLAVOR: 'photos' }),
    },
    ...(input.logs !== undefined && { output: path.join(input.logs, `${service}.log`) }),
  });
  return { issuer, port, child };
}

async function ready({ port, issuer }: Service): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
    if (answer?.ok === true) return;
    await pause(25);
  }
  throw new Error(`${issuer} did not get ready. Is it built?`);
}

/** Accounts, a link and a registered client. */
async function connect(person: Person, am: Service, host: Service): Promise<Party> {
  await signUp(person, am.issuer);
  await signUp(person, host.issuer);
  await addHost(person, { am: { url: am.issuer }, host: { url: host.issuer } });
  const party = newParty('');
  const clientId = await register(am, {
    client_name: 'Measured',
    redirect_uris: [REDIRECT_URI],
    grant_types: [GRANT.authorizationCode, GRANT.refreshToken, GRANT.tokenExchange],
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: publicJwks([party.key]),
  });
  return { ...party, clientId };
}

/** The connection's access token. */
async function redeemed(person: Person, am: Service, party: Party): Promise<string> {
  const verifier = createVerifier();
  const pushed = await only(am, party, 'without proof', '/par', {
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: SCOPE,
    state: 'state',
    code_challenge: challengeOf(verifier),
    code_challenge_method: 'S256',
    dpop_jkt: party.dpop.kid,
  });
  const query = new URLSearchParams({ client_id: party.clientId, request_uri: String(pushed['request_uri']) });
  await person.visit(`${am.issuer}/authorize?${query.toString()}`);
  await signInIfAsked(person);
  const back = await answerConsent(person, () => 'allow');
  const code = back.url.searchParams.get('code') ?? '';
  const form = { grant_type: GRANT.authorizationCode, code, code_verifier: verifier, redirect_uri: REDIRECT_URI };
  const tokens = await only(am, party, 'with proof', '/token', form);
  return String(tokens['access_token']);
}

async function only(
  am: Service,
  party: Party,
  proof: 'with proof' | 'without proof',
  endpoint: string,
  form: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, unknown>>> {
  const request: Prepared = await prepare(am, party, { path: endpoint, form, proof });
  const { answers } = await runBlock(am.port, [request], 1);
  return answers[0]?.json ?? {};
}
