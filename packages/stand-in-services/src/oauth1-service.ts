import { createHmac, randomBytes } from 'node:crypto';
import type http from 'node:http';
import OAuth from 'oauth-1.0a';
import { apiAnswer, type Entries } from './entries.ts';
import { keptMap } from './kept-map.ts';
import { listen, type Listening, type ListenOptions, sendAgreePage, sendJson, textOf } from './http.ts';

export interface OAuth1ServiceOptions extends ListenOptions {
  readonly title: string;
  readonly client: { readonly key: string; readonly secret: string };
  readonly accounts: readonly string[];
  readonly entries?: Entries;
  /**
   * Its origin behind a proxy, with which signed URLs begin; by default the origin of the request.
   */
  readonly origin?: string;
  /** File in which tokens are kept between runs; by default they are in memory only. */
  readonly file?: string;
  /** The accepted signature method; `PLAINTEXT` needs TLS, which a stand-in does not have. */
  readonly signatureMethod?: 'HMAC-SHA1' | 'HMAC-SHA256';
}

export interface OAuth1Service extends Listening {
  /** Requests that were accepted, by signature, nonce and timestamp. */
  readonly accepted: readonly string[];
  /** Why other requests were refused. */
  readonly refused: readonly string[];
  /** How many seconds its clock is ahead. */
  skew: number;
  /** Whether it confirms the callback, as RFC 5849 demands; services of OAuth 1.0 do not. */
  confirmsCallback: boolean;
  endAccount(account: string): void;
}

interface Token {
  readonly secret: string;
  readonly callback?: string;
  readonly verifier?: string;
  readonly account?: string;
}

/** How many seconds a timestamp may differ from its clock. */
const WINDOW_SECONDS = 60;

/**
 * A service with OAuth 1.0a, on somebody else's library: it computes the signature of each request and compares. A
 * nonce can be used once.
 */
export async function startOAuth1Service(options: OAuth1ServiceOptions): Promise<OAuth1Service> {
  const state = {
    options,
    entries: options.entries ?? (new Map() as Entries),
    temporary: new Map<string, Token>(),
    tokens: keptMap<Token>(options.file, 'tokens'),
    nonces: new Set<string>(),
    accepted: [] as string[],
    refused: [] as string[],
    skew: () => service.skew,
    confirms: () => service.confirmsCallback,
  };
  const listening = await listen((request, response) => {
    handle(state, request, response).catch((error: unknown) => sendJson(response, 500, { message: String(error) }));
  }, options);
  const service: OAuth1Service = {
    ...listening,
    accepted: state.accepted,
    refused: state.refused,
    skew: 0,
    confirmsCallback: true,
    endAccount(account) {
      for (const [token, kept] of state.tokens) if (kept.account === account) state.tokens.delete(token);
    },
  };
  return service;
}

interface State {
  readonly options: OAuth1ServiceOptions;
  readonly entries: Entries;
  readonly temporary: Map<string, Token>;
  readonly tokens: Map<string, Token>;
  readonly nonces: Set<string>;
  readonly accepted: string[];
  readonly refused: string[];
  readonly skew: () => number;
  readonly confirms: () => boolean;
}

async function handle(state: State, request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const now = Date.now() / 1000 + state.skew();
  response.setHeader('date', new Date(now * 1000).toUTCString());
  const url = new URL(request.url ?? '/', state.options.origin ?? `http://${request.headers.host}`);
  const body = await textOf(request);
  if (url.pathname === '/oauth/authorize') {
    const token = url.searchParams.get('oauth_token') ?? '';
    return sendAgreePage(response, {
      title: state.options.title,
      accounts: state.options.accounts,
      hidden: { oauth_token: token },
    });
  }
  if (url.pathname === '/agree') return agree(state, response, new URLSearchParams(body));
  const oauth = protocolParameters(request.headers.authorization ?? '');
  const wrong = wrongWith(state, { method: request.method ?? '', url, oauth, now });
  if (wrong !== null) {
    state.refused.push(wrong);
    return sendJson(response, 401, { message: wrong }, { 'www-authenticate': 'OAuth realm="stand-in"' });
  }
  state.accepted.push(`${request.method} ${url.pathname}${url.search}`);
  const { oauth_token: token = '', oauth_callback: callback = '', oauth_verifier: verifier } = oauth;
  if (url.pathname === '/oauth/request_token')
    return sendToken(response, keep(state.temporary, 'temporary', { callback }), state.confirms());
  if (url.pathname === '/oauth/access_token') return redeem(state, response, { token, verifier });
  const account = state.tokens.get(token)?.account ?? '';
  const found = apiAnswer(state.entries, { method: request.method ?? '', path: url.pathname, account, body });
  if (found === null) sendJson(response, 404, { message: 'Not Found' });
  else sendJson(response, found.status, found.json);
}

/** RFC 5849 §3.2. Which token signs a request depends on the endpoint. */
function wrongWith(
  { options, temporary, tokens, nonces }: State,
  input: { method: string; url: URL; oauth: Record<string, string>; now: number },
): string | null {
  const { method, url, oauth, now } = input;
  const { signatureMethod = 'HMAC-SHA1', client } = options;
  if (oauth['oauth_consumer_key'] !== client.key) return 'consumer key';
  if (oauth['oauth_signature_method'] !== signatureMethod) return 'signature method';
  if (Math.abs(Number(oauth['oauth_timestamp']) - now) > WINDOW_SECONDS) return 'timestamp';
  const nonce = JSON.stringify([oauth['oauth_token'], oauth['oauth_timestamp'], oauth['oauth_nonce']]);
  if (nonces.has(nonce)) return 'nonce used';
  const token = oauth['oauth_token'] ?? '';
  const first = url.pathname === '/oauth/request_token';
  const kept = url.pathname === '/oauth/access_token' ? temporary.get(token) : tokens.get(token);
  if (!first && kept === undefined) return 'token';
  const hash = signatureMethod === 'HMAC-SHA1' ? 'sha1' : 'sha256';
  const library = new OAuth({
    consumer: client,
    signature_method: signatureMethod,
    hash_function: (base, key) => createHmac(hash, key).update(base).digest('base64'),
  });
  const { oauth_signature: signature, ...data } = oauth;
  const expected = library.getSignature({ url: url.href, method }, kept?.secret, data as unknown as OAuth.Data);
  if (signature !== expected) return 'signature';
  nonces.add(nonce);
  return null;
}

/** RFC 5849 §3.5.1. */
function protocolParameters(header: string): Record<string, string> {
  const pairs = header.replace(/^OAuth /, '').split(/, */);
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name = '', value = ''] = /^([^=]+)="([^"]*)"$/.exec(pair) ?? [];
      return [decodeURIComponent(name), decodeURIComponent(value)];
    }),
  );
}

function agree({ temporary }: State, response: http.ServerResponse, form: URLSearchParams): void {
  const token = form.get('oauth_token') ?? '';
  const kept = temporary.get(token);
  if (kept === undefined) return sendJson(response, 400, { message: 'unknown token' });
  const back = new URL(kept.callback ?? '');
  if (form.get('answer') !== 'yes') {
    back.searchParams.set('denied', token);
  } else {
    const verifier = randomBytes(12).toString('base64url');
    temporary.set(token, { ...kept, verifier, account: form.get('account') ?? '' });
    back.searchParams.set('oauth_token', token);
    back.searchParams.set('oauth_verifier', verifier);
  }
  response.writeHead(302, { location: back.href }).end();
}

function redeem(
  { temporary, tokens }: State,
  response: http.ServerResponse,
  { token, verifier }: { token: string; verifier: string | undefined },
): void {
  const kept = temporary.get(token);
  temporary.delete(token);
  if (kept?.verifier === undefined || kept.verifier !== verifier)
    return sendJson(response, 401, { message: 'verifier' });
  sendToken(response, keep(tokens, 'token', { account: kept.account ?? '' }), false);
}

/** A temporary token is in the URL of the browser (RFC 5849 §2.2); an account's token never is. */
function keep(
  where: Map<string, Token>,
  kind: 'temporary' | 'token',
  about: Omit<Token, 'secret'>,
): { token: string; secret: string } {
  const token = `stand-in-${kind}-${randomBytes(12).toString('base64url')}`;
  const secret = `stand-in-secret-${randomBytes(18).toString('base64url')}`;
  where.set(token, { ...about, secret });
  return { token, secret };
}

function sendToken(
  response: http.ServerResponse,
  { token, secret }: { token: string; secret: string },
  confirmed: boolean,
): void {
  const answer = new URLSearchParams({
    oauth_token: token,
    oauth_token_secret: secret,
    ...(confirmed ? { oauth_callback_confirmed: 'true' } : {}),
  });
  response.writeHead(200, { 'content-type': 'application/x-www-form-urlencoded' }).end(answer.toString());
}
