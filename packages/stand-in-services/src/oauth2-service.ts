import { randomBytes } from 'node:crypto';
import type http from 'node:http';
import OAuth2Server from '@node-oauth/oauth2-server';
import { apiAnswer, type Entries } from './entries.ts';
import { keptMap } from './kept-map.ts';
import { listen, type Listening, type ListenOptions, sendAgreePage, sendJson, textOf } from './http.ts';

/** Deviations from RFC 6749, each of which some real service has. */
export interface Quirks {
  /** The token response is in a member of the answer. */
  readonly tokenMember?: string;
  readonly noExpiresIn?: boolean;
  /** The `expires_in` that it sends, whatever the lifetime is. */
  readonly expiresIn?: number;
  /** Errors have the status 200. */
  readonly errorsAre200?: boolean;
  /** Scopes in answers are separated by commas. */
  readonly commas?: boolean;
  /** A refresh token does not rotate, and the answer to its use contains none. */
  readonly keepsRefreshTokens?: boolean;
  /** Scopes that are granted instead of the requested ones. */
  readonly grants?: readonly string[];
}

export interface OAuth2ServiceOptions extends ListenOptions {
  readonly title: string;
  readonly client: { readonly id: string; readonly secret: string; readonly redirectUri: string };
  readonly accounts: readonly string[];
  readonly entries?: Entries;
  /** File in which tokens are kept between runs; by default they are in memory only. */
  readonly file?: string;
  readonly accessTokenSeconds?: number;
  readonly quirks?: Quirks;
  /** Answers a request of the API instead of the stand-in, if it returns true: for services that misbehave. */
  readonly misbehave?: (request: http.IncomingMessage, response: http.ServerResponse) => boolean;
}

export interface OAuth2Service extends Listening {
  /** Requests of the token endpoint with their outcomes: `refresh_token 200`. */
  readonly tokenRequests: readonly string[];
  /** Requests of the API, accepted or not: method, target and `Authorization`. */
  readonly calls: readonly {
    readonly method: string;
    readonly target: string;
    readonly authorization: string;
    readonly headers: http.IncomingHttpHeaders;
    readonly body: string;
  }[];
  readonly revoked: readonly string[];
  /** Every token that it has issued. */
  readonly issued: readonly string[];
  /** Expires all access tokens; refresh tokens stay valid. */
  expireAccessTokens(): void;
  /** Ends all tokens of an account. */
  endAccount(account: string): void;
  quirks: Quirks;
  /** Called between the making of a token and the answer. */
  onToken: () => Promise<void>;
}

/**
 * A service with OAuth 2.0, on somebody else's library: codes with PKCE, and refresh tokens that rotate and can be used
 * once. An account is chosen on its page, without a password.
 */
export async function startOAuth2Service(options: OAuth2ServiceOptions): Promise<OAuth2Service> {
  const entries: Entries = options.entries ?? new Map();
  const store = memory(options);
  const tokenRequests: string[] = [];
  const calls: OAuth2Service['calls'][number][] = [];
  const server = new OAuth2Server({
    model: store.model,
    accessTokenLifetime: options.accessTokenSeconds ?? 3600,
    requireClientAuthentication: { authorization_code: true, refresh_token: true },
  });
  const routes = { options, store, server, entries, tokenRequests, calls, of: () => service };
  const listening = await listen((request, response) => {
    handle(routes, request, response).catch((error: unknown) => sendJson(response, 500, { message: String(error) }));
  }, options);
  const service: OAuth2Service = {
    ...listening,
    tokenRequests,
    calls,
    revoked: store.revoked,
    issued: store.issued,
    expireAccessTokens: store.expire,
    endAccount: store.end,
    quirks: options.quirks ?? {},
    onToken: async () => undefined,
  };
  return service;
}

interface Routes {
  readonly options: OAuth2ServiceOptions;
  readonly store: ReturnType<typeof memory>;
  readonly server: OAuth2Server;
  readonly entries: Entries;
  readonly tokenRequests: string[];
  readonly calls: OAuth2Service['calls'][number][];
  readonly of: () => OAuth2Service;
}

async function handle(routes: Routes, request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const { options, store } = routes;
  const url = new URL(request.url ?? '/', 'http://localhost');
  const body = await textOf(request);
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /authorize':
      return sendAgreePage(response, {
        title: options.title,
        accounts: options.accounts,
        hidden: Object.fromEntries(url.searchParams),
      });
    case 'POST /agree':
      return agree(routes, response, Object.fromEntries(new URLSearchParams(body)));
    case 'POST /token':
      return token(routes, { request, response, body });
    case 'POST /revoke':
      store.revoke(new URLSearchParams(body).get('token') ?? '');
      return void response.writeHead(200).end();
    default:
      return api(routes, { request, response, body, path: url.pathname });
  }
}

interface Exchange {
  readonly request: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly body: string;
}

/** Handles the person's answer: the library redirects to the client with a code. */
async function agree({ server }: Routes, response: http.ServerResponse, form: Record<string, string>): Promise<void> {
  const { account = '', answer, ...query } = form;
  const back = new URL(query['redirect_uri'] ?? 'http://localhost');
  if (answer !== 'yes') {
    back.searchParams.set('error', 'access_denied');
    back.searchParams.set('state', query['state'] ?? '');
    return void response.writeHead(302, { location: back.href }).end();
  }
  const made = new OAuth2Server.Response();
  await server.authorize(new OAuth2Server.Request({ headers: {}, method: 'GET', query, body: {} }), made, {
    authenticateHandler: { handle: () => ({ id: account }) },
  });
  response.writeHead(302, { location: made.get('location') as string }).end();
}

async function token({ server, tokenRequests, of }: Routes, { request, response, body }: Exchange): Promise<void> {
  const form = Object.fromEntries(new URLSearchParams(body));
  const { quirks, onToken } = of();
  const made = new OAuth2Server.Response();
  const headers = request.headers as Record<string, string>;
  const status = await server
    .token(new OAuth2Server.Request({ headers, method: 'POST', query: {}, body: form }), made, {
      alwaysIssueNewRefreshToken: quirks.keepsRefreshTokens !== true,
    })
    .then(() => 200)
    .catch((error: { code?: number }) => error.code ?? 500);
  tokenRequests.push(`${form['grant_type']} ${status}`);
  await onToken();
  const answer = { ...(made.body as Record<string, unknown>) };
  if (status === 200 && quirks.expiresIn !== undefined) answer['expires_in'] = quirks.expiresIn;
  if (quirks.noExpiresIn === true) delete answer['expires_in'];
  if (quirks.commas === true && typeof answer['scope'] === 'string')
    answer['scope'] = answer['scope'].replaceAll(' ', ',');
  const shaped =
    status === 200 && quirks.tokenMember !== undefined ? { ok: true, [quirks.tokenMember]: answer } : answer;
  sendJson(response, quirks.errorsAre200 === true ? 200 : status, shaped);
}

async function api(routes: Routes, { request, response, body, path }: Exchange & { path: string }): Promise<void> {
  const { options, server, entries, calls } = routes;
  const { method = '', url: target = '', headers } = request;
  calls.push({ method, target, authorization: headers.authorization ?? '', headers, body });
  if (options.misbehave?.(request, response) === true) return;
  const asked = new OAuth2Server.Request({ headers: headers as Record<string, string>, method, query: {}, body: {} });
  const known = await server.authenticate(asked, new OAuth2Server.Response()).catch(() => null);
  if (known === null) return sendJson(response, 401, { message: 'Bad credentials' }, { 'www-authenticate': 'Bearer' });
  const found = apiAnswer(entries, { method, path, account: String(known.user['id']), body });
  if (found === null) sendJson(response, 404, { message: 'Not Found' });
  else
    sendJson(response, found.status, found.json, {
      'set-cookie': 'tracking=1',
      etag: '"1"',
      'x-ratelimit-remaining': '41',
    });
}

/** The library's storage. */
function memory({ client, quirks, file }: OAuth2ServiceOptions) {
  const codes = new Map<string, OAuth2Server.AuthorizationCode>();
  const [tokens, refreshTokens] = [
    keptMap<OAuth2Server.Token>(file, 'tokens'),
    keptMap<OAuth2Server.Token>(file, 'refresh'),
  ];
  const revoked: string[] = [];
  const issued: string[] = [];
  const known: OAuth2Server.Client = {
    id: client.id,
    redirectUris: [client.redirectUri],
    grants: ['authorization_code', 'refresh_token'],
  };
  const drop = (of: (one: OAuth2Server.Token) => boolean): void => {
    for (const kept of [tokens, refreshTokens]) for (const [key, one] of kept) if (of(one)) kept.delete(key);
  };
  const model: OAuth2Server.AuthorizationCodeModel & OAuth2Server.RefreshTokenModel = {
    generateAccessToken: async () => `stand-in-access-${randomBytes(24).toString('base64url')}`,
    generateRefreshToken: async () => `stand-in-refresh-${randomBytes(24).toString('base64url')}`,
    getClient: async (id, secret) => (id === client.id && (secret === null || secret === client.secret) ? known : null),
    validateScope: async (_user, _client, scope) => [...(quirks?.grants ?? scope ?? [])],
    saveAuthorizationCode: async (code, of, user) => {
      const saved = { ...code, client: of, user };
      codes.set(code.authorizationCode, saved);
      return saved;
    },
    getAuthorizationCode: async (code) => codes.get(code) ?? null,
    revokeAuthorizationCode: async ({ authorizationCode }) => codes.delete(authorizationCode),
    saveToken: async (token, of, user) => {
      const saved = { ...token, client: of, user };
      tokens.set(token.accessToken, saved);
      issued.push(token.accessToken, ...(token.refreshToken === undefined ? [] : [token.refreshToken]));
      if (token.refreshToken !== undefined) refreshTokens.set(token.refreshToken, saved);
      return saved;
    },
    getAccessToken: async (token) => tokens.get(token) ?? null,
    getRefreshToken: async (token) => (refreshTokens.get(token) as OAuth2Server.RefreshToken | undefined) ?? null,
    revokeToken: async ({ refreshToken }) => refreshTokens.delete(refreshToken),
    verifyScope: async () => true,
  };
  return {
    model,
    revoked,
    issued,
    expire: () => tokens.clear(),
    end: (account: string) => drop(({ user }) => user['id'] === account),
    revoke(token: string) {
      revoked.push(token);
      const one = tokens.get(token) ?? refreshTokens.get(token);
      if (one !== undefined) drop(({ user }) => user['id'] === one.user['id']);
    },
  };
}
