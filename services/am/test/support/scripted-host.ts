import { randomBytes } from 'node:crypto';
import type http from 'node:http';
import { challengeOf } from '@chatelaine/crypto';
import { GRANT } from '@chatelaine/protocol';
import {
  bodyOf,
  freePort,
  hostMetadata,
  linkTokens,
  resourceMetadata,
  type Running,
  serve,
  transferred,
} from '@chatelaine/test-kit';
import { Checks, type Received } from './checks.ts';
import { type Hop, type Minted, type Reply, SCOPES, type Script } from './host-script.ts';

interface Link {
  refreshToken: string;
  accessTokens: Set<string>;
}

/**
 * A Host that checks what the AM sends as a good one would, collects what is wrong in `faults`, and then answers as the
 * test's script says.
 */
export class ScriptedHost {
  readonly issuer: string;
  readonly resource: string;
  readonly port: number;
  script: Script = {};
  /** The scopes of the next link, and of every refresh from now on. */
  ceiling: readonly string[] = Object.keys(SCOPES);
  /** Whether it announces and issues bearer tokens. */
  bearer = false;
  readonly faults: readonly string[];
  readonly minted: Minted[] = [];
  readonly hops: Hop[] = [];
  readonly refreshes: Received[] = [];
  readonly redemptions: Received[] = [];
  /** The code challenge of each code that was granted without a redirect and is still valid. PROTOCOL §2.3. */
  readonly hostGrants = new Map<string, string>();
  readonly pushed: Received[] = [];
  readonly revoked: { readonly token: string; readonly hint: string | null }[] = [];
  readonly #links: Link[] = [];
  readonly #checks: Checks;
  readonly #running: Running;
  readonly #waiting = new Set<() => void>();

  private constructor(name: string, running: Running) {
    this.#running = running;
    this.port = running.port;
    this.issuer = `http://${name}.localhost:${this.port}`;
    this.resource = `${this.issuer}/api`;
    this.#checks = new Checks(this.issuer);
    this.faults = this.#checks.faults;
  }

  static async start(name: string): Promise<ScriptedHost> {
    const running = await serve((request, response) => void host.#serve(request, response), await freePort());
    const host = new ScriptedHost(name, running);
    return host;
  }

  /** Sets the AM whose assertions and statements are accepted. */
  trust(am: { issuer: string; jwks: unknown }): void {
    this.#checks.trust(am);
  }

  /** Removes the script and forgets the requests received, but not the tokens issued. */
  reset(): void {
    this.script = {};
    this.ceiling = Object.keys(SCOPES);
    for (const list of [this.hops, this.refreshes, this.pushed, this.revoked]) list.length = 0;
  }

  /** Invalidates the access tokens of its links. */
  expireLinkTokens(): void {
    for (const link of this.#links) link.accessTokens.clear();
  }

  /** Resolves when `holds` is true, which is checked whenever something was received or answered. */
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

  close(): Promise<void> {
    return this.#running.close();
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const received = { path, form: new URLSearchParams(body.toString()), headers: request.headers };
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
        return {
          json: (this.script.metadata ?? ((metadata) => metadata))(
            hostMetadata(this.issuer, { name: 'Photos', scopes: SCOPES }),
          ),
        };
      case '/.well-known/oauth-protected-resource/api':
        return {
          json: {
            ...resourceMetadata(this.issuer),
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
    await this.#checks.client(call);
    switch (call.form.get('grant_type')) {
      case GRANT.authorizationCode: {
        this.redemptions.push(call);
        this.#wake();
        if (!this.#isGoodCode(call)) return { status: 400, json: { error: 'invalid_grant' } };
        const made = (): Record<string, unknown> => {
          const link = { refreshToken: `rt-${secret()}`, accessTokens: new Set<string>() };
          this.#links.push(link);
          return this.#renew(link, link.refreshToken);
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

  /** Grants a code that is redeemed once, with the verifier of this challenge. */
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

  #renew(link: Link, refreshToken?: string): Record<string, unknown> {
    const accessToken = `lt-${secret()}`;
    link.accessTokens.add(accessToken);
    return linkTokens({ accessToken, ceiling: this.ceiling, ...(refreshToken !== undefined && { refreshToken }) });
  }

  async #transfer(call: Received): Promise<Reply> {
    const subject = call.form.get('subject_token') ?? '';
    if (!this.#links.some(({ accessTokens }) => accessTokens.has(subject))) {
      this.hops.push({ ...call, statement: {} });
      return { status: 400, json: { error: 'invalid_request' } };
    }
    const statement = await this.#checks.statement(call, this);
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
    const [clientId, grantId] = [String(statement['sub']), String(statement['grant_id'])];
    this.minted.push({ token, jkt, scope, clientId, grantId });
    const { cnf, ...good } = transferred({
      accessToken: token,
      scope,
      resource: this.resource,
      jkt,
      issuer: this.issuer,
    });
    return jkt === null ? { ...good, token_type: 'Bearer', expires_in: 120 } : { ...good, cnf };
  }

  async #revoke(call: Received): Promise<Reply> {
    await this.#checks.client(call);
    const reply = (await this.script.revoke?.(call)) ?? { status: 200 };
    this.revoked.push({ token: call.form.get('token') ?? '', hint: call.form.get('token_type_hint') });
    return reply;
  }
}

const secret = (): string => randomBytes(16).toString('base64url');

/** A gate at which a script waits until the test opens it. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}
