import {
  challengeOf,
  createDpopProof,
  createVerifier,
  generateSigningKey,
  publicJwks,
  type SigningKey,
  signShortJwt,
  thumbprint,
  systemClock,
} from '@chatelaine/crypto';
import type { Constellation, Person } from '@chatelaine/constellation';
import { CLIENT_ASSERTION_TYPE, GRANT, TOKEN_TYPE } from '@chatelaine/protocol';
import { agree, type Answers } from './agree.ts';

/** A JSON response with any status. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

type Fetch = typeof globalThis.fetch;

export interface Sending {
  /** Reaches one specific process of the AM; by default they take turns. */
  readonly fetch?: Fetch;
  /** A proof to use instead of a fresh one; `null` for none. */
  readonly proof?: string | null;
  /** A client assertion to use instead of a fresh one. */
  readonly assertion?: string;
}

/** A registered Requester with keys that can be told to misbehave: each request states what it sends. */
export interface RawRequester {
  readonly clientId: string;
  /** Posts a form to the AM, with client authentication and a proof unless told otherwise. */
  post(path: string, form: Readonly<Record<string, string>>, sending?: Sending): Promise<Answer>;
  /** Pushes a request. Returns the authorization URL. */
  push(): Promise<string>;
  /** Pushes a request and has the owner agree. Returns the code. */
  code(person: Person, answers?: Answers): Promise<string>;
  /** Redeems a code and keeps the tokens. */
  connect(person: Person, answers?: Answers): Promise<Connection>;
  redeem(code: string, sending?: Sending): Promise<Answer>;
  refresh(refreshToken: string, sending?: Sending): Promise<Answer>;
  /** Exchanges a connection token for a token of a Host (RFC 8693). */
  exchange(token: string, wanted: Readonly<Record<string, string>>, sending?: Sending): Promise<Answer>;
  /** A fresh proof for a request. */
  proof(method: string, url: string, accessToken?: string): Promise<string>;
  assertion(): Promise<string>;
  /** GET with a token and a proof of the connection's key. */
  get(url: string, token: string, sending?: Sending): Promise<Answer>;
}

export interface Connection {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** The redirect URI, at which no server listens. */
export const RAW_CALLBACK = 'http://127.0.0.1:49153/callback';

/** The address of the AM, and how to reach it. */
type Asked = Pick<Constellation, 'fetch'> & { readonly am: Pick<Constellation['am'], 'url'> };

export async function openRawRequester(deployment: Asked, name = 'Raw'): Promise<RawRequester> {
  const am = deployment.am.url;
  const keys = { client: generateSigningKey(), dpop: generateSigningKey() };
  const clientId = await register(deployment, { name, key: keys.client });
  // a code can be redeemed only with the verifier of its own request
  const verifiers = new Map<string, string>();
  const proof = (htm: string, htu: string, accessToken?: string) =>
    createDpopProof({
      key: keys.dpop,
      htm,
      htu,
      clock: systemClock,
      ...(accessToken !== undefined && { accessToken }),
    });
  const assertion = () =>
    signShortJwt({
      typ: 'JWT',
      key: keys.client,
      clock: systemClock,
      lifetimeSeconds: 30,
      claims: { iss: clientId, sub: clientId, aud: am },
    });
  const post = async (path: string, form: Readonly<Record<string, string>>, sending: Sending = {}): Promise<Answer> => {
    const url = `${am}${path}`;
    const dpop = sending.proof === undefined ? await proof('POST', url) : sending.proof;
    const client_assertion = sending.assertion ?? (await assertion());
    const body = new URLSearchParams({ ...form, client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion });
    return answerOf(
      await (sending.fetch ?? deployment.fetch)(url, { method: 'POST', body, headers: dpop === null ? {} : { dpop } }),
    );
  };
  const push = async (verifier = createVerifier()): Promise<string> => {
    const answer = await post('/par', {
      response_type: 'code',
      scope: 'transfer',
      redirect_uri: RAW_CALLBACK,
      state: verifier.slice(0, 8),
      code_challenge: challengeOf(verifier),
      code_challenge_method: 'S256',
      dpop_jkt: thumbprint(keys.dpop.publicJwk),
    });
    const query = new URLSearchParams({ client_id: clientId, request_uri: given(answer, 'request_uri') });
    return `${am}/authorize?${query.toString()}`;
  };
  const requester: RawRequester = {
    clientId,
    post,
    push,
    proof,
    assertion,
    async code(person, answers = () => 'allow') {
      const verifier = createVerifier();
      const back = await agree(person, await push(verifier), answers);
      const code = back.searchParams.get('code');
      if (code === null) throw new Error(`There is no code in ${back.href}`);
      verifiers.set(code, verifier);
      return code;
    },
    async connect(person, answers) {
      const redeemed = await requester.redeem(await requester.code(person, answers));
      return { accessToken: given(redeemed, 'access_token'), refreshToken: given(redeemed, 'refresh_token') };
    },
    redeem: (code, sending) =>
      post('/token', { grant_type: GRANT.authorizationCode, code, code_verifier: verifiers.get(code) ?? '' }, sending),
    refresh: (token, sending) => post('/token', { grant_type: GRANT.refreshToken, refresh_token: token }, sending),
    exchange: (token, wanted, sending) =>
      post(
        '/token',
        {
          grant_type: GRANT.tokenExchange,
          subject_token: token,
          subject_token_type: TOKEN_TYPE.accessToken,
          ...wanted,
        },
        sending,
      ),
    async get(url, token, sending = {}) {
      const dpop = sending.proof === undefined ? await proof('GET', url, token) : sending.proof;
      const headers = { authorization: `DPoP ${token}`, ...(dpop !== null && { dpop }) };
      return answerOf(await (sending.fetch ?? deployment.fetch)(url, { headers }));
    },
  };
  return requester;
}

async function register(deployment: Asked, { name, key }: { name: string; key: SigningKey }): Promise<string> {
  const about = await answerOf(await deployment.fetch(`${deployment.am.url}/.well-known/oauth-authorization-server`));
  const { registration_endpoint: endpoint } = about.body;
  if (typeof endpoint !== 'string') throw new Error(`No metadata: ${about.status} ${JSON.stringify(about.body)}`);
  const metadata = {
    client_name: name,
    redirect_uris: [RAW_CALLBACK],
    grant_types: Object.values(GRANT),
    jwks: publicJwks([key]),
  };
  const registered = await deployment.fetch(endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(metadata),
  });
  return given(await answerOf(registered), 'client_id');
}

/** A member of a good answer; any other answer throws with what it said. */
function given({ status, body }: Answer, name: string): string {
  const value = body[name];
  if (typeof value !== 'string') throw new Error(`The answer has no ${name}: ${status} ${JSON.stringify(body)}`);
  return value;
}

export async function answerOf(response: Response): Promise<Answer> {
  const { status, headers } = response;
  const text = await response.text();
  try {
    return { status, headers, body: text === '' ? {} : (JSON.parse(text) as Answer['body']) };
  } catch (cause) {
    throw new Error(`${response.url} answered ${status}, and no JSON: ${text.slice(0, 500)}`, { cause });
  }
}
