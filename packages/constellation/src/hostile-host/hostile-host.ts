import { randomBytes } from 'node:crypto';
import type http from 'node:http';
import { GRANT } from '@chatelaine/protocol';
import { bodyOf, hostMetadata, linkTokens, resourceMetadata, serve, transferred } from '@chatelaine/test-kit';
import type { Guest } from '../guests.ts';
import { type Act, type Call, honestly, saying } from './act.ts';

/** How a hostile Host behaves. In all that is not named here it behaves, as seen from outside, like an honest one. */
export interface Script {
  /** RFC 8414 metadata, made from an honest Host's. */
  metadata?: (honest: Record<string, unknown>) => unknown;
  /** The query with which its consent page sends the browser back. */
  consent?: (honest: Record<string, string>) => Record<string, string>;
  /** The code and refresh grants. */
  refresh?: Act;
  /** Hop 2. */
  transfer?: Act;
  revoke?: Act;
}

/** A Host that a real AM can link as usual, and that then misbehaves as its script says. */
export interface HostileHost {
  readonly issuer: string;
  readonly resource: string;
  /** May be changed at any time. */
  script: Script;
  /** The requests of hop 2. */
  readonly transfers: Call[];
  readonly redemptions: Call[];
  readonly refreshes: Call[];
  readonly revoked: Call[];
  /** Ends all link tokens, so that the AM has to refresh them. */
  expireLinkTokens(): void;
  close(): Promise<void>;
}

const HOSTILE_SCOPES = { 'entries.read': 'Read what is here', 'entries.write': 'Write something' };

interface State {
  readonly pushed: Map<string, { redirectUri: string; state: string }>;
  readonly linkTokens: Set<string>;
}

/** Starts it at the address of a guest. */
export async function openHostileHost({ url: issuer, port }: Guest): Promise<HostileHost> {
  const state: State = { pushed: new Map(), linkTokens: new Set() };
  const host: HostileHost = {
    issuer,
    resource: `${issuer}/api`,
    script: {},
    transfers: [],
    redemptions: [],
    refreshes: [],
    revoked: [],
    expireLinkTokens: () => state.linkTokens.clear(),
    close: () => running.close(),
  };
  const running = await serve(async (request, response) => {
    const url = new URL(request.url ?? '/', issuer);
    const body = (await bodyOf(request)).toString();
    const form = request.method === 'GET' ? url.searchParams : new URLSearchParams(body);
    answer({ host, state, call: { path: url.pathname, form }, response });
  }, port);
  return host;
}

interface Scene {
  host: HostileHost;
  state: State;
  call: Call;
  response: http.ServerResponse;
}

function answer(scene: Scene): void {
  const { host, state, call, response } = scene;
  const { script, issuer } = host;
  const act = (chosen: Act | undefined, good: Record<string, unknown> | null) =>
    (chosen ?? honestly)({ call, good, response });
  const honest = hostMetadata(issuer, { name: 'Hostile', scopes: HOSTILE_SCOPES });
  switch (call.path) {
    case '/.well-known/oauth-authorization-server':
      return act(saying(script.metadata?.(honest) ?? honest), null);
    case '/.well-known/oauth-protected-resource/api':
      return act(undefined, resourceMetadata(issuer));
    case '/par': {
      const request = `urn:hostile:${secret()}`;
      const [redirectUri, given] = [call.form.get('redirect_uri') ?? '', call.form.get('state') ?? ''];
      state.pushed.set(request, { redirectUri, state: given });
      return act(saying({ request_uri: request, expires_in: 90 }, { status: 201 }), null);
    }
    case '/authorize':
      return comeBack(scene);
    case '/token':
      return token(scene, act);
    case '/revoke':
      host.revoked.push(call);
      return act(script.revoke, {});
    default:
      return act(saying({ error: 'invalid_request' }, { status: 404 }), null);
  }
}

/** Its consent page redirects at once. */
function comeBack({ host, state, call, response }: Scene): void {
  const pushed = state.pushed.get(call.form.get('request_uri') ?? '');
  const honest = { code: `code-${secret()}`, state: pushed?.state ?? '', iss: host.issuer };
  const query = new URLSearchParams(host.script.consent?.(honest) ?? honest);
  response.writeHead(303, { location: `${pushed?.redirectUri ?? host.issuer}?${query.toString()}` }).end();
}

function token(
  { host, state, call }: Scene,
  act: (chosen: Act | undefined, good: Record<string, unknown> | null) => void,
): void {
  const { script } = host;
  if (call.form.get('grant_type') === GRANT.tokenExchange) {
    host.transfers.push(call);
    const alive = state.linkTokens.has(call.form.get('subject_token') ?? '');
    return alive ? act(script.transfer, minted(host, call)) : act(undefined, null);
  }
  const refreshing = call.form.get('grant_type') === GRANT.refreshToken;
  (refreshing ? host.refreshes : host.redemptions).push(call);
  const accessToken = `lt-${secret()}`;
  state.linkTokens.add(accessToken);
  const ceiling = Object.keys(HOSTILE_SCOPES);
  return act(
    refreshing ? script.refresh : undefined,
    linkTokens({ accessToken, ceiling, ...(refreshing ? {} : { refreshToken: `rt-${secret()}` }) }),
  );
}

/** A token bound to the key that the statement names. */
function minted({ issuer }: HostileHost, { form }: Call): Record<string, unknown> {
  const { cnf } = claimsOf(form.get('actor_token') ?? '');
  const { jkt } = (cnf ?? {}) as { jkt?: unknown };
  const [scope, resource] = [form.get('scope'), form.get('resource')];
  return transferred({ accessToken: `at-${secret()}`, scope, resource, jkt, issuer });
}

/** Claims of a JWT, which a hostile Host does not verify. */
export function claimsOf(jwt: string): Record<string, unknown> {
  const payload = jwt.split('.')[1] ?? '';
  return payload === '' ? {} : (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>);
}

const secret = (): string => randomBytes(16).toString('base64url');
