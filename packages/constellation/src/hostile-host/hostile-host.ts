import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { GRANT, TOKEN_TYPE } from '@chatelaine/protocol';
import type { Guest } from '../guests.ts';
import { type Act, type Call, honestly, saying } from './act.ts';

/** How a hostile Host behaves; where nothing is said it is an honest one, as far as that can be seen from outside. */
export interface Script {
  /** RFC 8414 metadata, given the honest one. */
  metadata?: (honest: Record<string, unknown>) => unknown;
  /** The query with which the browser comes back from its consent page. */
  consent?: (honest: Record<string, string>) => Record<string, string>;
  /** The code and refresh grants. */
  renew?: Act;
  /** Hop 2. */
  transfer?: Act;
  revoke?: Act;
}

/** A Host that a real AM links in the normal way, and that then misbehaves as its script says. */
export interface HostileHost {
  readonly issuer: string;
  readonly resource: string;
  /** Change it at any time. */
  script: Script;
  /** Hop 2, as it came in. */
  readonly transfers: Call[];
  readonly redemptions: Call[];
  readonly renewals: Call[];
  readonly revoked: Call[];
  /** Tokens for links are good no longer: the AM has to renew. */
  expireLinkTokens(): void;
  close(): Promise<void>;
}

export const HOSTILE_SCOPES = { 'entries.read': 'Read what is here', 'entries.write': 'Write something' };

interface State {
  readonly pushed: Map<string, { redirectUri: string; state: string }>;
  readonly linkTokens: Set<string>;
}

/** Opens it at the address of a guest. */
export async function openHostileHost({ url: issuer, port }: Guest): Promise<HostileHost> {
  const state: State = { pushed: new Map(), linkTokens: new Set() };
  const host: HostileHost = {
    issuer,
    resource: `${issuer}/api`,
    script: {},
    transfers: [],
    redemptions: [],
    renewals: [],
    revoked: [],
    expireLinkTokens: () => state.linkTokens.clear(),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', issuer);
      const form = request.method === 'GET' ? url.searchParams : new URLSearchParams(Buffer.concat(chunks).toString());
      answer({ host, state, call: { path: url.pathname, form }, response });
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
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
  const { script, issuer, resource } = host;
  const act = (chosen: Act | undefined, good: Record<string, unknown> | null) =>
    (chosen ?? honestly)({ call, good, response });
  switch (call.path) {
    case '/.well-known/oauth-authorization-server':
      return act(saying(script.metadata?.(metadataOf(issuer)) ?? metadataOf(issuer)), null);
    case '/.well-known/oauth-protected-resource/api':
      return act(undefined, { resource, authorization_servers: [issuer] });
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

/** Its consent page asks nobody anything. */
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
    return alive ? act(script.transfer, transferred(host, call)) : act(undefined, null);
  }
  const refreshing = call.form.get('grant_type') === GRANT.refreshToken;
  (refreshing ? host.renewals : host.redemptions).push(call);
  const linkToken = `lt-${secret()}`;
  state.linkTokens.add(linkToken);
  return act(refreshing ? script.renew : undefined, {
    access_token: linkToken,
    token_type: 'Bearer',
    expires_in: 3_600,
    scope: 'transfer',
    transfer_scope: Object.keys(HOSTILE_SCOPES).join(' '),
    ...(refreshing ? {} : { refresh_token: `rt-${secret()}` }),
  });
}

function transferred(host: HostileHost, { form }: Call): Record<string, unknown> {
  return {
    access_token: `at-${secret()}`,
    issued_token_type: TOKEN_TYPE.accessToken,
    token_type: 'DPoP',
    expires_in: 300,
    scope: form.get('scope'),
    resource: form.get('resource'),
    cnf: claimsOf(form.get('actor_token') ?? '')['cnf'],
    iss: host.issuer,
  };
}

/** Of a JWT that nobody checks: a hostile Host does not care. */
export function claimsOf(jwt: string): Record<string, unknown> {
  const payload = jwt.split('.')[1] ?? '';
  return payload === '' ? {} : (JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>);
}

const secret = (): string => randomBytes(16).toString('base64url');

function metadataOf(issuer: string): Record<string, unknown> {
  return {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    pushed_authorization_request_endpoint: `${issuer}/par`,
    revocation_endpoint: `${issuer}/revoke`,
    response_types_supported: ['code'],
    grant_types_supported: Object.values(GRANT),
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['ES256', 'EdDSA'],
    dpop_signing_alg_values_supported: ['ES256', 'EdDSA'],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
    protected_resources: [`${issuer}/api`],
    chatelaine_name: 'Hostile',
    chatelaine_transfer_scopes: HOSTILE_SCOPES,
  };
}
