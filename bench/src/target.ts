import path from 'node:path';
import { publicJwks } from '@chatelaine/crypto';
import { freePorts } from '@chatelaine/constellation';
import { GRANT } from '@chatelaine/protocol';
import { type Child, startChild, type Usage } from './child.ts';
import { type Code, type CodesInput, REDIRECT_URI, SCOPE } from './code.ts';
import type { AdapterKind } from './oidc-adapter.ts';
import { type Endpoint, newParty, type Party } from './requests.ts';

/** A server under load: one process, and one client that it knows. */
export interface Target extends Endpoint {
  readonly party: Party;
  /** Of its first process. */
  usage(): Promise<Usage>;
  /** Ports of all its processes; `port` is the first. */
  readonly ports: readonly number[];
  codes(count: number): Promise<readonly Code[]>;
  /** Registers another client, at a server that limits how many requests of one client may wait for their owners. */
  anotherClient?(): Promise<Party>;
  /** Unused refresh tokens, of a server that rotates them. */
  refreshTokens?(count: number): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export interface TargetOptions {
  readonly databaseUrl: string;
  /** Two for the races: what one process remembers must not help. */
  readonly processes: number;
}

const GRANT_TYPES = [GRANT.authorizationCode, GRANT.refreshToken, GRANT.tokenExchange];

function metadataOf({ key }: Party): Readonly<Record<string, unknown>> {
  return {
    redirect_uris: [REDIRECT_URI],
    grant_types: GRANT_TYPES,
    response_types: ['code'],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    scope: SCOPE,
    jwks: publicJwks([key]),
  };
}

export async function startKernel(options: TargetOptions): Promise<Target> {
  const started = await start(options, { main: 'ours-server.ts', env: {} });
  const anotherClient = async (): Promise<Party> => {
    const party = newParty('');
    return { ...party, clientId: await register(started, metadataOf(party)) };
  };
  return { ...target(started, await anotherClient()), anotherClient };
}

export async function startOidcProvider(options: TargetOptions, kind: AdapterKind): Promise<Target> {
  const started = await start(options, { main: 'oidc-server.ts', env: { ADAPTER: kind } });
  const party = newParty('client');
  const metadata = { client_id: party.clientId, ...metadataOf(party), dpop_bound_access_tokens: true };
  await started.children[0]?.call('register', metadata);
  return target(started, party);
}

/** Starts a server of `peers/`. */
export async function startPeer(options: TargetOptions, name: 'node-oauth' | 'jmondi'): Promise<Target> {
  const started = await start(options, { main: `peers/${name}-server.ts`, env: {} });
  const party = newParty('client');
  const [first] = started.children;
  await first?.call('register', { client_id: party.clientId, jwks: publicJwks([party.key]) });
  const refreshTokens = (count: number): Promise<readonly string[]> =>
    first?.call<string[]>('refreshTokens', { count, clientId: party.clientId }) ?? Promise.resolve([]);
  return { ...target(started, party), ...(name === 'jmondi' && { refreshTokens }) };
}

interface Started extends Endpoint {
  readonly children: readonly Child[];
  readonly ports: readonly number[];
}

async function start(
  { databaseUrl, processes }: TargetOptions,
  program: { main: string; env: Readonly<Record<string, string>> },
): Promise<Started> {
  const ports = await freePorts(processes);
  const [port = 0] = ports;
  // one process has its own address; of two, both answer to the name of the first
  const issuer = `http://localhost:${port}`;
  const main = path.join(import.meta.dirname, program.main);
  const children = ports.map((own) =>
    startChild({ main, env: { ...program.env, DATABASE_URL: databaseUrl, ISSUER: issuer, PORT: String(own) } }),
  );
  await Promise.all(children.map((child) => child.ready));
  return { issuer, port, ports, children };
}

function target(started: Started, party: Party): Target {
  const [first] = started.children;
  if (first === undefined) throw new Error('no process');
  return {
    issuer: started.issuer,
    port: started.port,
    ports: started.ports,
    party,
    usage: first.usage,
    codes: (count) =>
      first.call<Code[]>('codes', { count, clientId: party.clientId, jkt: party.dpop.kid } satisfies CodesInput),
    stop: async () => void (await Promise.all(started.children.map((child) => child.stop()))),
  };
}

/** Registers a client. RFC 7591. */
export async function register(
  { port }: Pick<Endpoint, 'port'>,
  metadata: Readonly<Record<string, unknown>>,
): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(metadata),
  });
  const answer = (await response.json()) as { client_id?: string };
  if (answer.client_id === undefined) throw new Error(`not registered: ${JSON.stringify(answer)}`);
  return answer.client_id;
}
