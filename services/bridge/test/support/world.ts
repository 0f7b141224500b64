import type http from 'node:http';
import { type Embedded, sharedEmbedded } from '@chatelaine/dev-postgres';
import {
  type OAuth1Service,
  type OAuth1ServiceOptions,
  type OAuth2Service,
  type OAuth2ServiceOptions,
  startOAuth1Service,
  startOAuth2Service,
} from '@chatelaine/stand-in-services';
import { type Browser, freePort, type Link } from '@chatelaine/test-kit';
import { TestAm } from './test-am.ts';
import { callbackAt, CLIENT, connectService, type Known, startBridge, type TestBridge } from './test-bridge.ts';

/** How a stand-in differs from the usual one: with the accounts `ada` and `bob`, and its id as its title. */
type StandIn<Options> = Partial<Omit<Options, 'client'>> & {
  /** Instead of the stand-in's usual one. */
  readonly definition?: (port: number) => string;
};

interface Wanted<Two extends string, One extends string> {
  /** By id. */
  readonly oauth2?: Readonly<Record<Two, StandIn<OAuth2ServiceOptions>>>;
  readonly oauth1?: Readonly<Record<One, StandIn<OAuth1ServiceOptions>>>;
  /** What the bridge is configured with beside the usual. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A bridge, an AM, and stand-ins that the bridge knows. */
export interface World<Two extends string = string, One extends string = string> {
  readonly embedded: Embedded;
  readonly am: TestAm;
  readonly bridge: TestBridge;
  readonly oauth2: Readonly<Record<Two, OAuth2Service>>;
  readonly oauth1: Readonly<Record<One, OAuth1Service>>;
  /**
   * Somebody with an account at the bridge, who has connected these services as `account`, and linked the bridge; with
   * a token to read each.
   */
  person<Id extends Two | One>(
    username: string,
    ids: readonly Id[],
    account?: string,
  ): Promise<{ readonly browser: Browser; readonly link: Link; readonly tokens: Readonly<Record<Id, string>> }>;
  close(): Promise<void>;
}

export async function startWorld<Two extends string = never, One extends string = never>(
  wanted: Wanted<Two, One>,
): Promise<World<Two, One>> {
  const embedded = await sharedEmbedded();
  const am = await TestAm.start();
  const port = await freePort();
  const known: Known[] = [];
  const common = (id: string) => ({ title: capitalised(id), accounts: ['ada', 'bob'] });
  const oauth2: Record<string, OAuth2Service> = {};
  for (const [id, { definition, ...options }] of entriesOf(wanted.oauth2)) {
    const redirectUri = callbackAt(`http://bridge.localhost:${port}`, id);
    const service = await startOAuth2Service({ ...common(id), client: { ...CLIENT, redirectUri }, ...options });
    oauth2[id] = service;
    known.push(knownAs({ id, version: '2.0', port: service.port, definition }));
  }
  const oauth1: Record<string, OAuth1Service> = {};
  for (const [id, { definition, ...options }] of entriesOf(wanted.oauth1)) {
    const client = { key: CLIENT.id, secret: CLIENT.secret };
    const service = await startOAuth1Service({ ...common(id), client, ...options });
    oauth1[id] = service;
    known.push(knownAs({ id, version: '1.0a', port: service.port, definition }));
  }
  const bridge = await startBridge({ embedded, am, port, known, ...(wanted.env && { env: wanted.env }) });
  const services: Record<string, { port: number; close(): Promise<unknown> }> = { ...oauth2, ...oauth1 };
  return {
    embedded,
    am,
    bridge,
    oauth2: oauth2 as Record<Two, OAuth2Service>,
    oauth1: oauth1 as Record<One, OAuth1Service>,
    async person(username, ids, account) {
      const browser = await bridge.browser().signUp(username);
      for (const id of ids) await connectService(browser, id, { port: services[id]?.port ?? 0 }, account);
      const link = await am.link(bridge, browser);
      const tokens = await Promise.all(ids.map(async (id) => [id, await am.token(bridge, link, `${id}:entries.read`)]));
      return { browser, link, tokens: Object.fromEntries(tokens) as Record<(typeof ids)[number], string> };
    },
    async close() {
      await bridge.close();
      await Promise.all([am.close(), ...Object.values(services).map((service) => service.close())]);
      await embedded.stop();
    },
  };
}

const entriesOf = <Value>(of: Readonly<Record<string, Value>> = {}): [string, Value][] => Object.entries(of);
const capitalised = (id: string): string => `${id.charAt(0).toUpperCase()}${id.slice(1)}`;

function knownAs(input: {
  id: string;
  version: Known['version'];
  port: number;
  definition: ((port: number) => string) | undefined;
}): Known {
  const { definition, ...rest } = input;
  const title = capitalised(rest.id);
  return { ...rest, title, ...(definition && { definition: definition(rest.port) }) };
}

type Answers = (request: http.IncomingMessage, response: http.ServerResponse) => void;

/**
 * A stand-in that may answer otherwise: as `does` says, until told something else. It still says whose account it is.
 */
export function misbehaviour() {
  const it = {
    does: null as Answers | null,
    misbehave(request: http.IncomingMessage, response: http.ServerResponse): boolean {
      if (it.does === null || request.url?.startsWith('/me') === true) return false;
      it.does(request, response);
      return true;
    },
  };
  return it;
}
