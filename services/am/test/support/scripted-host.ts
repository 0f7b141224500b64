import { randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { challengeOf, type Jwks, sha256base64url, validateJwks, verifyJwt } from '@chatelaine/crypto';
import { linkClientId } from '@chatelaine/oauth-client';
import { GRANT, JWT_TYP, TOKEN_TYPE } from '@chatelaine/protocol';

/** What came to one endpoint. */
export interface Received {
  readonly path: string;
  readonly form: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
}

/** Hop 2 as the Host saw it. */
export interface Hop extends Received {
  /** The statement's claims, when it was a good one. */
  readonly statement: Readonly<Record<string, unknown>>;
}

export type Reply =
  | {
      readonly status?: number;
      readonly json?: unknown;
      readonly body?: string | Buffer;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection is closed without an answer. */
  | 'reset';

export interface Minted {
  readonly token: string;
  readonly clientId: string;
  /** Null: bound to no key. */
  readonly jkt: string | null;
  readonly scope: string;
  readonly grantId: string;
}

export interface Script {
  /** Hop 2 after the Host's own checks; `mint` makes the good answer. */
  transfer?: (hop: Hop, mint: () => Record<string, unknown>) => Reply | Promise<Reply>;
  refresh?: (call: Received, renew: () => Record<string, unknown>) => Reply | Promise<Reply>;
  revoke?: (call: Received) => Reply | Promise<Reply>;
  /** The code grant; `link` makes the good answer. */
  redeem?: (call: Received, link: () => Record<string, unknown>) => Reply | Promise<Reply>;
  /** What it says of itself. */
  metadata?: (metadata: Record<string, unknown>) => Record<string, unknown>;
}

interface Link {
  refreshToken: string;
  accessTokens: Set<string>;
}

export const SCOPES = {
  'photos.read': 'See your photos',
  'photos.write': 'Add photos',
  'albums.read': 'See your albums',
  'albums.write': 'Change your albums',
  'faces.read': 'See who is on them',
};

/**
 * A Host that checks what the AM sends as a good one would, keeps what it found wrong in `faults`, and then answers as the test's script says.
 */
export class ScriptedHost {
  readonly issuer: string;
  readonly resource: string;
  readonly port: number;
  script: Script = {};
  /** Scopes of the next link, and of every refresh from now on. */
  ceiling: readonly string[] = Object.keys(SCOPES);
  /** Whether it says that it hands out tokens bound to no key, and does. */
  bearer = false;
  readonly faults: string[] = [];
  readonly minted: Minted[] = [];
  readonly hops: Hop[] = [];
  readonly refreshes: Received[] = [];
  readonly redemptions: Received[] = [];
  /** Challenge of each code it granted without a redirect, as long as it is good. PROTOCOL §2.3. */
  readonly hostGrants = new Map<string, string>();
  readonly pushed: Received[] = [];
  readonly revoked: { readonly token: string; readonly hint: string | null }[] = [];
  readonly #links: Link[] = [];
  readonly #jtis = new Set<string>();
  readonly #server: http.Server;
  readonly #waiting = new Set<() => void>();
  #am: { readonly issuer: string; readonly keys: Jwks } | null = null;

  private constructor(name: string, server: http.Server) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.issuer = `http://${name}.localhost:${this.port}`;
    this.resource = `${this.issuer}/api`;
  }

  static async start(name: string): Promise<ScriptedHost> {
    const server = http.createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const host = new ScriptedHost(name, server);
    server.on('request', (request, response) => void host.#serve(request, response));
    return host;
  }

  /** Whose assertions and statements are good here. */
  trust(am: { issuer: string; jwks: unknown }): void {
    const checked = validateJwks(am.jwks);
    if (checked.kind === 'invalid') throw new Error(`the AM's key set: ${checked.reason}`);
    this.#am = { issuer: am.issuer, keys: checked.jwks };
  }

  /** Behaves well again; forgets what it received, not what it minted. */
  reset(): void {
    this.script = {};
    this.ceiling = Object.keys(SCOPES);
    for (const list of [this.hops, this.refreshes, this.pushed, this.revoked]) list.length = 0;
  }

  /** The access tokens it gave for links are good no longer. */
  expireLinkTokens(): void {
    for (const link of this.#links) link.accessTokens.clear();
  }

  /** Resolves when `holds` does; looked at whenever something was received or answered. */
  until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => {
      const look = (): void => {
        if (!holds()) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }

  #wake(): void {
    for (const look of this.#waiting) look();
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const received = { path, form: new URLSearchParams(Buffer.concat(chunks).toString()), headers: request.headers };
    const reply = await this.#answer(received);
    this.#wake();
    if (reply === 'reset') return void request.socket.destroy();
    const type = reply.json === undefined ? {} : { 'content-type': 'application/json' };
    response.writeHead(reply.status ?? 200, { ...type, ...reply.headers });
    response.end(reply.json === undefined ? reply.body : JSON.stringify(reply.json));
  }

  async #answer(call: Received): Promise<Reply> {
    switch (call.path) {
      case '/.well-known/oauth-authorization-server':
        return { json: (this.script.metadata ?? ((metadata) => metadata))(metadataOf(this.issuer)) };
      case '/.well-known/oauth-protected-resource/api':
        return {
          json: {
            resource: this.resource,
            authorization_servers: [this.issuer],
            bearer_methods_supported: ['header'],
            dpop_bound_access_tokens_required: !this.bearer,
          },
        };
      case '/par':
        this.pushed.push(call);
        return { status: 201, json: { request_uri: `urn:test:${secret()}`, expires_in: 90 } };
      case '/token':
        return this.#token(call);
      case '/revoke':
        return this.#revoke(call);
      default:
        return { status: 404, json: { error: 'invalid_request' } };
    }
  }

  async #token(call: Received): Promise<Reply> {
    await this.#checkClient(call);
    switch (call.form.get('grant_type')) {
      case GRANT.authorizationCode: {
        this.redemptions.push(call);
        this.#wake();
        if (!this.#isGoodCode(call)) return { status: 400, json: { error: 'invalid_grant' } };
        const made = (): Record<string, unknown> => {
          const link = { refreshToken: `rt-${secret()}`, accessTokens: new Set<string>() };
          this.#links.push(link);
          return { ...this.#renew(link), refresh_token: link.refreshToken };
        };
        return this.script.redeem?.(call, made) ?? { json: made() };
      }
      case GRANT.refreshToken: {
        this.refreshes.push(call);
        this.#wake();
        const link = this.#links.find(({ refreshToken }) => refreshToken === call.form.get('refresh_token'));
        if (link === undefined) return { status: 400, json: { error: 'invalid_grant' } };
        return this.script.refresh?.(call, () => this.#renew(link)) ?? { json: this.#renew(link) };
      }
      case GRANT.tokenExchange:
        return this.#transfer(call);
      default:
        return { status: 400, json: { error: 'unsupported_grant_type' } };
    }
  }

  /** A code for whoever proves to know what the challenge was made of; once. */
  grantHost(codeChallenge: string): string {
    const code = `hg-${secret()}`;
    this.hostGrants.set(code, codeChallenge);
    return code;
  }

  #isGoodCode({ form }: Received): boolean {
    const code = form.get('code') ?? '';
    if (!code.startsWith('hg-')) return true;
    const challenge = this.hostGrants.get(code);
    this.hostGrants.delete(code);
    return challenge === challengeOf(form.get('code_verifier') ?? '');
  }

  #renew(link: Link): Record<string, unknown> {
    const token = `lt-${secret()}`;
    link.accessTokens.add(token);
    return {
      access_token: token,
      token_type: 'Bearer',
      expires_in: 3600,
      scope: 'transfer',
      transfer_scope: this.ceiling.join(' '),
    };
  }

  async #transfer(call: Received): Promise<Reply> {
    const subject = call.form.get('subject_token') ?? '';
    if (!this.#links.some(({ accessTokens }) => accessTokens.has(subject))) {
      this.hops.push({ ...call, statement: {} });
      return { status: 400, json: { error: 'invalid_request' } };
    }
    const statement = await this.#checkStatement(call);
    if (statement === null) return { status: 400, json: { error: 'invalid_request' } };
    const hop = { ...call, statement };
    this.hops.push(hop);
    this.#wake();
    const mint = (): Record<string, unknown> => this.#mint(hop);
    return this.script.transfer?.(hop, mint) ?? { json: mint() };
  }

  #mint({ form, statement }: Hop): Record<string, unknown> {
    const jkt = (statement['cnf'] as { jkt: string } | undefined)?.jkt ?? null;
    const scope = form.get('scope') ?? '';
    const token = `at-${secret()}`;
    this.minted.push({
      token,
      jkt,
      scope,
      clientId: String(statement['sub']),
      grantId: String(statement['grant_id']),
    });
    return {
      access_token: token,
      issued_token_type: TOKEN_TYPE.accessToken,
      ...(jkt === null ? { token_type: 'Bearer', expires_in: 120 } : { token_type: 'DPoP', expires_in: 300 }),
      scope,
      resource: this.resource,
      ...(jkt === null ? {} : { cnf: { jkt } }),
      iss: this.issuer,
    };
  }

  async #revoke(call: Received): Promise<Reply> {
    await this.#checkClient(call);
    const reply = (await this.script.revoke?.(call)) ?? { status: 200 };
    this.revoked.push({ token: call.form.get('token') ?? '', hint: call.form.get('token_type_hint') });
    return reply;
  }

  /** RFC 7523 §3, as PROTOCOL §1 has it. */
  async #checkClient({ form, headers }: Received): Promise<void> {
    if (this.#am === null) throw new Error('the Host trusts no AM');
    const clientId = linkClientId(this.#am.issuer, this.issuer);
    const checked = await verifyJwt({
      token: form.get('client_assertion') ?? '',
      typ: [JWT_TYP.clientAssertion, 'JWT', undefined],
      keys: this.#am.keys,
      issuer: clientId,
      subject: clientId,
      audience: this.issuer,
      clock,
      maxLifetimeSeconds: 60,
    });
    if (checked.kind === 'invalid') this.faults.push(`assertion: ${checked.reason}`);
    else this.#useOnce(checked.claims.jti);
    if (headers['dpop'] !== undefined) this.faults.push('a DPoP header');
    if (headers.authorization !== undefined) this.faults.push('an Authorization header');
  }

  /** PROTOCOL §3.3 */
  async #checkStatement({ form }: Received): Promise<Readonly<Record<string, unknown>> | null> {
    if (this.#am === null) throw new Error('the Host trusts no AM');
    const checked = await verifyJwt({
      token: form.get('actor_token') ?? '',
      typ: JWT_TYP.transferStatement,
      keys: this.#am.keys,
      issuer: this.#am.issuer,
      audience: this.issuer,
      clock,
      maxLifetimeSeconds: 60,
    });
    if (checked.kind === 'invalid') return this.#fault(`statement: ${checked.reason}`);
    const { claims } = checked;
    this.#useOnce(claims.jti);
    const right: Readonly<Record<string, boolean>> = {
      ath: claims['ath'] === sha256base64url(form.get('subject_token') ?? ''),
      resource: claims['resource'] === this.resource && form.get('resource') === this.resource,
      scope: claims['scope'] === form.get('scope'),
      bearer: claims['bearer'] === undefined || (claims['bearer'] === true && this.bearer),
      'one of cnf and bearer':
        (typeof (claims['cnf'] as { jkt?: unknown } | undefined)?.jkt === 'string') !== (claims['bearer'] === true),
      actor_token_type: form.get('actor_token_type') === TOKEN_TYPE.jwt,
      subject_token_type: form.get('subject_token_type') === TOKEN_TYPE.accessToken,
    };
    const wrong = Object.keys(right).filter((name) => right[name] !== true);
    return wrong.length === 0 ? claims : this.#fault(`statement: ${wrong.join(', ')}`);
  }

  #useOnce(jti: string): void {
    if (this.#jtis.has(jti)) this.faults.push('a jti used twice');
    this.#jtis.add(jti);
  }

  #fault(fault: string): null {
    this.faults.push(fault);
    return null;
  }
}

const clock = { now: () => Date.now() / 1000 };
const secret = (): string => randomBytes(16).toString('base64url');

/** A gate that a script waits at until the test opens it. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

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
    chatelaine_name: 'Photos',
    chatelaine_transfer_scopes: SCOPES,
  };
}
