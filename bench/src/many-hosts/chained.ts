import { systemClock } from '@chatelaine/crypto';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import type { Constellation, Person } from '@chatelaine/constellation';
import { createOutbound } from '@chatelaine/outbound-http';
import {
  createMemoryStore,
  createRequester,
  createVault,
  generateSigningKey,
  type Requester,
} from '@chatelaine/requester-kit';
import { type Effort, noEffort } from './effort.ts';
import { ENTRY, type FarmHost, SCOPE } from './farm-host.ts';

/** A new Requester and its documents; requests for these are counted. */
export interface Reader {
  readonly requester: Requester;
  readonly redirectUri: string;
  requests(): number;
  close(): Promise<void>;
}

export async function openReader(
  deployment: Constellation,
  { name: reader, places }: { name: string; places: readonly FarmHost[] },
): Promise<Reader> {
  const { url, port } = deployment.guest(reader);
  const redirectUri = `${url}/callback`;
  const exception = (name: string, at: number) =>
    ({ host: `${name}.localhost`, port: at, scheme: 'http', cidr: '127.0.0.0/8' }) as const;
  const requester = createRequester({
    name: 'Reader',
    redirectUri,
    registration: { kind: 'document', clientId: `${url}/client`, jwksUri: `${url}/jwks` },
    signingKey: generateSigningKey('ES256'),
    store: createMemoryStore({ clock: systemClock }),
    vault: createVault(randomBytes(32)),
    outbound: createOutbound({
      demo: true,
      exceptions: [exception('am', deployment.am.port), ...places.map(({ name, host }) => exception(name, host.port))],
    }),
    schemes: ['https', 'http'],
  });
  let requests = 0;
  const server = http.createServer((request, response) => {
    requests += 1;
    const body = request.url === '/jwks' ? requester.jwks() : requester.clientMetadata();
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    requester,
    redirectUri,
    requests: () => requests,
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/**
 * A Requester that sends the owner to the AM once and asks the AM for all Hosts in one call; it reads from each as its
 * token arrives.
 */
export async function connectChained(
  deployment: Constellation,
  { requester }: Reader,
  input: { person: Person; places: readonly FarmHost[] },
): Promise<Effort> {
  const { person, places } = input;
  const effort = noEffort();
  const owner = person.username;
  const began = performance.now();
  effort.clicks += 1; // "connect my authorization manager" at the Requester
  const started = await requester.connect({ owner, am: deployment.am.url });
  if (started.kind !== 'redirect') throw new Error(started.reason);
  effort.redirects += 1;
  await person.visit(started.redirectTo);
  effort.clicks += 3; // "Allow", "Everything", and the button that says what the owner agrees to
  await person.press('everything', { preset_effect: 'allow' });
  const back = await person.press('allow');
  effort.requests += 1; // the browser, back at the Requester
  const done = await requester.callback({ owner, url: back.url.href });
  if (done.kind !== 'connected') throw new Error(`not connected: ${done.kind}`);
  const ref = { owner, connectionId: done.connectionId };
  const found = await requester.targets(ref);
  if (found.kind !== 'targets' || found.targets.length !== places.length)
    throw new Error(`targets: ${JSON.stringify(found).slice(0, 300)}`);
  const reading: Promise<void>[] = [];
  const items = found.targets.map(({ resource }) => ({ resource, scope: SCOPE }));
  for await (const { item, outcome } of requester.transfers({ ...ref, items })) {
    if (outcome.kind !== 'token') throw new Error(`${item.resource}: ${JSON.stringify(outcome)}`);
    reading.push(read(requester, { ...ref, ...item }));
  }
  await Promise.all(reading);
  effort.seconds = (performance.now() - began) / 1000;
  return effort;
}

async function read(requester: Requester, wanted: Parameters<Requester['fetch']>[0]): Promise<void> {
  const outcome = await requester.fetch(wanted, `${wanted.resource}/entry`);
  if (outcome.kind !== 'response' || !outcome.response.ok)
    throw new Error(`${wanted.resource} was not read: ${outcome.kind}`);
  if (((await outcome.response.json()) as typeof ENTRY).text !== ENTRY.text)
    throw new Error(`${wanted.resource} answered something else`);
}
