import path from 'node:path';
import { addHost, freePorts } from '@chatelaine/constellation';
import { createDpopProof, systemClock } from '@chatelaine/crypto';
import { GRANT, TOKEN_TYPE } from '@chatelaine/protocol';
import { batchCall } from '../batch-call.ts';
import { type Beside, type Chain, startChain } from '../chain.ts';
import { type Child, startChild } from '../child.ts';
import { connect, registered } from '../connection.ts';
import type { Databases } from '../databases.ts';
import { runBlock } from '../load.ts';
import { type Party, type Prepared, prepare } from '../requests.ts';
import type { Contender } from './contest.ts';
import { many } from './transfers.ts';

export const BATCH_ITEMS = 50;
const HOSTS = 10;
const TOKEN_SECONDS = 120;
const SCOPE = 'entries.read';
const MANY = '1000000';
/** So high that no load is refused. */
const LIMITS = {
  REGISTRATIONS_PER_HOUR: MANY,
  REFUSALS_PER_MINUTE: MANY,
  TRANSFERS_PER_MINUTE: MANY,
  REQUESTER_TRANSFERS_PER_MINUTE: MANY,
  HOSTS_ADDED_PER_HOUR: '1000',
};

/** Our AM and Host as they are deployed, with ten more Hosts, and Requesters with one connection each. */
export interface Ours {
  readonly chain: Chain;
  /** The process of the ten Hosts. */
  readonly hosts: Child;
  readonly transfer: Contender;
  /** One by one at all ten Hosts. */
  readonly single: Contender;
  /** 50 items at all ten Hosts in one call. */
  readonly batch: Contender;
  readonly guarded: Contender;
  readonly unguarded: Contender;
  /** Only the signature of the proof is verified; nothing remembers it, and nobody asks whether the token lives. */
  readonly verified: Contender;
  stop(): Promise<void>;
}

export async function startOurs(databases: Databases, { requesters }: { requesters: number }): Promise<Ours> {
  const [amPort = 0, hostPort = 0, ...ports] = await freePorts(2 + HOSTS);
  const hosts = ports.map((port, index): Beside => {
    const name = `host${index + 1}`;
    return { name, port, issuer: `http://${name}.localhost:${port}` };
  });
  const farm = startChild({
    main: path.join(import.meta.dirname, 'guarded-hosts.ts'),
    env: {
      NODE_ENV: 'production',
      DATABASE_URL: await databases.other('hosts'),
      AM_PORT: String(amPort),
      HOSTS: JSON.stringify(hosts),
    },
  });
  await farm.ready;
  const databaseUrl = await databases.chain();
  const chain = await startChain({ databaseUrl, strangers: hosts, env: LIMITS, ports: [amPort, hostPort] });
  const { am, person } = chain;
  for (const { issuer: url } of hosts) await addHost(person, { am: { url: am.issuer }, host: { url } });
  const connections: { party: Party; access: string }[] = [];
  while (connections.length < requesters) {
    const party = await registered(am, `Measured ${connections.length}`);
    connections.push({ party, access: (await connect(person, am, party)).access });
  }
  const at = (index: number) => connections[index % requesters] as { party: Party; access: string };
  const transferTo = (index: number, issuer: string): Promise<Prepared> => {
    const { party, access } = at(index);
    const form = {
      grant_type: GRANT.tokenExchange,
      subject_token: access,
      subject_token_type: TOKEN_TYPE.accessToken,
      resource: `${issuer}/api`,
      scope: SCOPE,
    };
    return prepare(am, party, { path: '/token', form, proof: 'with proof' });
  };
  const hostOf = (index: number): string => hosts[index % HOSTS]?.issuer ?? '';
  const resources = Array.from({ length: BATCH_ITEMS }, (_, index) => `${hostOf(index)}/api`);
  const [first] = hosts as [Beside];
  let minted = { token: '', at: 0 };
  /** A token of the first Host; tokens are valid for five minutes, and a run takes longer. */
  const tokenOfHost = async (): Promise<string> => {
    if (systemClock.now() - minted.at < TOKEN_SECONDS) return minted.token;
    const { answers } = await runBlock(am.port, [await transferTo(0, first.issuer)], 1);
    minted = { token: String(answers[0]?.json['access_token']), at: systemClock.now() };
    return minted.token;
  };
  return {
    chain,
    hosts: farm,
    transfer: {
      name: 'transfer',
      port: am.port,
      requests: (count) => many(count, (index) => transferTo(index, chain.host.issuer)),
    },
    single: {
      name: 'single',
      port: am.port,
      requests: (count) => many(count, (index) => transferTo(index, hostOf(index))),
    },
    batch: {
      name: 'batch',
      port: am.port,
      each: BATCH_ITEMS,
      worth: itemsMinted,
      requests: (count) => many(count, (index) => batchCall(am, { ...at(index), resources, scope: SCOPE })),
    },
    guarded: {
      name: 'guarded',
      port: first.port,
      requests: async (count) => {
        const token = await tokenOfHost();
        return many(count, () => apiCall(first, '/api/guarded', { party: at(0).party, token }));
      },
    },
    verified: {
      name: 'verified',
      port: first.port,
      requests: async (count) => {
        const token = await tokenOfHost();
        return many(count, () => apiCall(first, '/verified', { party: at(0).party, token }));
      },
    },
    unguarded: {
      name: 'unguarded',
      port: first.port,
      again: true,
      requests: () => [{ ...get(first, '/open'), headers: {} }],
    },
    stop: async () => {
      await chain.stop();
      await farm.stop();
    },
  };
}

/** How many items got a token: an overloaded machine answers some of them with 503 or 504. */
const itemsMinted = (body: string): number => body.split('"access_token"').length - 1;

const get = ({ issuer }: Beside, at: string) =>
  ({ method: 'GET', path: at, host: new URL(issuer).host, body: '' }) as const;

async function apiCall(
  host: Beside,
  target: string,
  { party, token }: { party: Party; token: string },
): Promise<Prepared> {
  const request = get(host, target);
  const proof = {
    key: party.dpop,
    htm: 'GET',
    htu: `${host.issuer}${request.path}`,
    accessToken: token,
    clock: systemClock,
  };
  return { ...request, headers: { authorization: `DPoP ${token}`, dpop: await createDpopProof(proof) } };
}
