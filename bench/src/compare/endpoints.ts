import type { Databases } from '../databases.ts';
import { runBlock } from '../load.ts';
import { PEER_SCHEMA } from '../peers/schema.ts';
import { type Side, STEPS, type Step } from '../steps.ts';
import { startKernel, startOidcProvider, startPeer } from '../target.ts';
import type { Contender } from './contest.ts';

export const KERNEL = 'kernel';
const OIDC = 'oidc-provider';
const NODE_OAUTH = '@node-oauth/oauth2-server';
const JMONDI = '@jmondi/oauth2-server';

/** One endpoint, at every server that has it. */
export interface Endpoint {
  readonly name: string;
  readonly contenders: readonly Contender[];
}

export interface Endpoints {
  readonly endpoints: readonly Endpoint[];
  stop(): Promise<void>;
}

/** Codes that are redeemed before anything is measured: their tokens are refreshed and introspected. */
const TOKENS = 64;

/**
 * Our authorization server and its peers, each with `private_key_jwt` and durable rows; with DPoP at the two that
 * support it.
 */
export async function startEndpoints(databases: Databases): Promise<Endpoints> {
  const processes = 1;
  const peer = async (name: 'node-oauth' | 'jmondi') =>
    startPeer({ databaseUrl: await databases.other('peer', PEER_SCHEMA), processes }, name);
  const targets = {
    [KERNEL]: await startKernel({ databaseUrl: await databases.kernel(), processes }),
    [OIDC]: await startOidcProvider({ databaseUrl: await databases.oidc(), processes }, 'example'),
    [NODE_OAUTH]: await peer('node-oauth'),
    [JMONDI]: await peer('jmondi'),
  };
  const sides = new Map(
    Object.entries(targets).map(([name, target]): [string, Side] => [
      name,
      { target, tokens: { access: [], refresh: [] } },
    ]),
  );
  const [par, code, refresh, introspection] = STEPS as [Step, Step, Step, Step];
  for (const side of sides.values()) {
    const { answers } = await runBlock(side.target.port, await code.requests(side, TOKENS));
    for (const { json } of answers) {
      side.tokens.access.push(String(json['access_token']));
      side.tokens.refresh.push(String(json['refresh_token']));
    }
  }
  const at = (name: string, step: Step): Contender => {
    const side = sides.get(name);
    if (side === undefined) throw new Error(`${name} was not started.`);
    return { name, port: side.target.port, requests: (count) => requestsOf(step, side, count) };
  };
  const endpoint = (name: string, step: Step, servers: readonly string[]): Endpoint => ({
    name,
    contenders: servers.map((server) => at(server, step)),
  });
  return {
    endpoints: [
      endpoint('par', par, [KERNEL, OIDC]),
      endpoint('code', code, [KERNEL, OIDC, NODE_OAUTH, JMONDI]),
      endpoint('refresh', refresh, [KERNEL, OIDC, NODE_OAUTH, JMONDI]),
      endpoint('introspection', introspection, [KERNEL, OIDC, JMONDI]),
    ],
    stop: async () => void (await Promise.all(Object.values(targets).map((target) => target.stop()))),
  };
}

/**
 * A server that rotates refresh tokens gets one for each request; one that limits waiting requests gets a new client
 * for each round.
 */
async function requestsOf(step: Step, side: Side, count: number): ReturnType<Step['requests']> {
  if (step.name.startsWith('pushed') && side.target.anotherClient !== undefined)
    return step.requests({ ...side, target: { ...side.target, party: await side.target.anotherClient() } }, count);
  const fresh = step.name.startsWith('refresh') ? await side.target.refreshTokens?.(count) : undefined;
  return step.requests(
    fresh === undefined ? side : { ...side, tokens: { ...side.tokens, refresh: [...fresh] } },
    count,
  );
}
