import http from 'node:http';
import { randomBytes } from 'node:crypto';
import { GRANT, NDJSON, TOKEN_TYPE } from '@chatelaine/protocol';
import { batchCall } from '../batch-call.ts';
import type { Chain } from '../chain.ts';
import { connect, registered, type Tokens } from '../connection.ts';
import { type Answer, type Prepared, prepare, send } from '../requests.ts';

/** One kind of request to the AM, and the answers that are expected. */
export interface Deed {
  readonly name: string;
  /** The expected statuses; null: `run` throws if something is wrong. */
  readonly good: readonly number[] | null;
  run(): Promise<number>;
}

const ITEMS = 10;
const PAGES = ['/', '/hosts', '/apps', '/timeline', '/asks', '/ends'];

/**
 * Everything that programs and people do to an AM, in the order of one round; strangers' requests come from another
 * address each time.
 */
export function round(chain: Chain): readonly Deed[] {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 50 });
  const { am, party } = chain;
  const state = { tokens: chain.tokens, turn: 0 };
  const ask = async (request: Prepared): Promise<Answer> => send(am.port, request, agent);
  const transfer: Deed = {
    name: 'transfer',
    good: [200],
    async run() {
      const [request] = await chain.transfers(1, { access: state.tokens.access });
      return request === undefined ? 0 : (await ask(request)).status;
    },
  };
  const refresh: Deed = {
    name: 'refresh',
    good: [200],
    async run() {
      const form = { grant_type: GRANT.refreshToken, refresh_token: state.tokens.refresh };
      const { status, json } = await ask(await prepare(am, party, { path: '/token', form, proof: 'with proof' }));
      // a refresh token that is bound to a client's key stays the same
      const { access_token: access = '', refresh_token: next = state.tokens.refresh } = json;
      if (status === 200) state.tokens = { access: String(access), refresh: String(next) };
      return status;
    },
  };
  const items = {
    party,
    resources: Array.from({ length: ITEMS }, () => `${chain.host.issuer}/api`),
    scope: 'entries.read',
  };
  const many = (accept: string): Deed => ({
    name: 'batch call',
    good: [200],
    run: async () => (await ask(await batchCall(am, { ...items, access: state.tokens.access, accept }))).status,
  });
  const page: Deed = {
    name: 'page',
    good: [200],
    run: async () => (await chain.person.tab().visit(am.issuer + (PAGES[state.turn++ % PAGES.length] ?? '/'))).status,
  };
  const refused = strangers(chain, state);
  const document = many('application/json');
  const lines = many(NDJSON);
  const first = [transfer, page, transfer, refused.token, transfer, document, transfer, refused.proof, transfer, page];
  const second = [
    transfer,
    refused.client,
    transfer,
    refresh,
    transfer,
    page,
    transfer,
    refused.document,
    transfer,
    lines,
  ];
  const third = [transfer, refused.address, transfer, page, transfer, refused.token, transfer, refresh, transfer, page];
  return [...first, ...second, ...third];
}

/** Done from time to time: a Requester registers, is connected, transfers, and is stopped by the owner. */
export function coming(chain: Chain): Deed {
  return {
    name: 'connection made and stopped',
    good: null,
    async run() {
      const { am } = chain;
      const party = await registered(am);
      const person = chain.person.tab();
      const tokens = await connect(person, am, party);
      const form = { token: tokens.refresh };
      const agent = new http.Agent();
      await send(am.port, await prepare(am, party, { path: '/revoke', form, proof: 'without proof' }), agent);
      return 200;
    },
  };
}

/** Requests that are refused, each from somebody else: what a process stores because of them must be bounded. */
function strangers(chain: Chain, state: { tokens: Tokens }) {
  const { am, host, party } = chain;
  const made = (name: string, of: () => Promise<Prepared>): Deed => ({
    name: `refused: ${name}`,
    good: [400, 401, 404],
    run: async () => (await send(am.port, await of(), new http.Agent({ localAddress: somewhere() }))).status,
  });
  const form = (token: string) => ({
    grant_type: GRANT.tokenExchange,
    subject_token: token,
    subject_token_type: TOKEN_TYPE.accessToken,
    resource: `${host.issuer}/api`,
    scope: 'entries.read',
  });
  const exchange = (token: string, clientId = party.clientId) =>
    prepare(am, { ...party, clientId }, { path: '/token', form: form(token), proof: 'with proof' });
  return {
    token: made('token', () => exchange(`ct_${random()}`)),
    proof: made('proof', async () => ({ ...(await exchange(state.tokens.access)), headers: FORM })),
    client: made('client', () => exchange(state.tokens.access, `client_${random()}`)),
    address: made('address', async () => ({ ...(await exchange(state.tokens.access)), path: `/${random()}` })),
    document: made('document', () => exchange(state.tokens.access, `${host.issuer}/clients/${random()}`)),
  };
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const random = (): string => randomBytes(16).toString('base64url');
/** One of 65,000 addresses of this machine (Linux). */
const somewhere = (): string => `127.1.${[...randomBytes(2)].join('.')}`;
