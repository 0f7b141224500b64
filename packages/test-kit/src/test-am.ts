import {
  challengeOf,
  createVerifier,
  generateSigningKey,
  hostTag,
  publicJwks,
  type SigningKey,
  signShortJwt,
} from '@chatelaine/crypto';
import { CLIENT_ASSERTION_TYPE, GRANT, JWT_TYP, TOKEN_TYPE } from '@chatelaine/protocol';
import type { Browser } from './browser.ts';
import { hiddenFields } from './html.ts';
import { type Answer, type Form, postForm, type SentHeaders } from './http.ts';
import { linkClientDocument } from './metadata.ts';
import { type Running, serve } from './server.ts';

export const clock = { now: () => Date.now() / 1000 };

/** What an AM knows of a Host. */
export interface HostAddress {
  readonly issuer: string;
  readonly port: number;
}

/** A link, with the AM's tokens. */
export interface Link {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly ceiling: string;
}

/** A small AM at http://am.localhost: its documents and keys, and its requests to Hosts. */
export class TestAm {
  readonly issuer: string;
  readonly port: number;
  readonly key: SigningKey = generateSigningKey();
  keys: readonly SigningKey[] = [this.key];
  /** Changes its client documents. */
  document: Readonly<Record<string, unknown>> = {};
  readonly #close: () => Promise<void>;

  protected constructor({ port, close }: Running) {
    this.port = port;
    this.issuer = `http://am.localhost:${port}`;
    this.#close = close;
  }

  protected static async open<Am extends TestAm>(build: (running: Running) => Am): Promise<Am> {
    const running = await serve((request, response) => {
      const found = am.answer(request.url ?? '');
      response
        .writeHead(found === null ? 404 : 200, { 'content-type': 'application/json' })
        .end(JSON.stringify(found ?? {}));
    });
    const am = build(running);
    return am;
  }

  /** The document at a path; null: none. */
  protected answer(path: string): unknown {
    if (path === '/jwks') return publicJwks(this.keys);
    const [, tag] = /^\/clients\/([A-Za-z0-9_-]+)$/.exec(path) ?? [];
    return tag === undefined ? null : this.documentFor(tag);
  }

  documentFor(tag: string): Readonly<Record<string, unknown>> {
    return { ...linkClientDocument(this.issuer, tag, 'Keyring'), ...this.document };
  }

  clientId({ issuer }: Pick<HostAddress, 'issuer'>): string {
    return `${this.issuer}/clients/${hostTag(issuer)}`;
  }

  async authentication(
    host: Pick<HostAddress, 'issuer'>,
    claims: Readonly<Record<string, unknown>> = {},
  ): Promise<Record<string, string>> {
    const clientId = this.clientId(host);
    const assertion = await this.sign(JWT_TYP.clientAssertion, {
      iss: clientId,
      sub: clientId,
      aud: host.issuer,
      ...claims,
    });
    return { client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion: assertion };
  }

  /** A JWT of this AM, which expires in a minute. */
  sign(typ: string, claims: Readonly<Record<string, unknown>>, key = this.key): Promise<string> {
    return signShortJwt({ typ, claims, key, clock, lifetimeSeconds: 60 });
  }

  async post(host: HostAddress, path: string, form: Form, headers: SentHeaders = {}): Promise<Answer> {
    return postForm(host.port, path, { ...(await this.authentication(host)), ...form }, headers);
  }

  /** Pushes an authorization request: the URL for the browser, and the verifier for the code. */
  async push(host: HostAddress, form: Form = {}): Promise<{ answer: Answer; verifier: string; address: string }> {
    const verifier = createVerifier();
    const answer = await this.post(host, '/par', {
      response_type: 'code',
      scope: 'transfer',
      redirect_uri: `${this.issuer}/callback/${hostTag(host.issuer)}`,
      state: 'a state',
      code_challenge: challengeOf(verifier),
      code_challenge_method: 'S256',
      ...form,
    });
    const requestUri = String(answer.json['request_uri']);
    const query = new URLSearchParams({ client_id: this.clientId(host), request_uri: requestUri });
    return { answer, verifier, address: `/authorize?${query.toString()}` };
  }

  /**
   * The owner's part: opens the page, ticks scopes (by default all) and allows; the code that was returned, or null.
   */
  async allow(
    host: HostAddress,
    browser: Browser,
    {
      address,
      tick,
      until = '',
    }: { address: string; tick?: readonly string[] | undefined; until?: string | undefined },
  ): Promise<{ answer: Answer; code: string | null }> {
    const page = await browser.get(address);
    const names =
      tick?.map((scope) => `allow:${scope}`) ??
      [...page.text.matchAll(/name="(allow:[^"]+)"/g)].map(([, name = '']) => name);
    const answer = await browser.post('/authorize', {
      ...hiddenFields(page.text, '/authorize'),
      ...Object.fromEntries(names.map((name) => [name, 'yes'])),
      until,
      decision: 'allow',
    });
    const { onward } = answer;
    return { answer, code: onward === undefined ? null : new URL(onward, host.issuer).searchParams.get('code') };
  }

  redeem(
    host: HostAddress,
    { code, verifier, form = {} }: { code: string; verifier: string; form?: Form },
  ): Promise<Answer> {
    return this.post(host, '/token', {
      grant_type: GRANT.authorizationCode,
      code,
      code_verifier: verifier,
      ...form,
    });
  }

  /** Makes a link (PROTOCOL §2.2) for the person who is signed in at this browser. */
  async linkBy(
    host: HostAddress,
    browser: Browser,
    input: { tick?: readonly string[] | undefined; until?: string | undefined } = {},
  ): Promise<Link> {
    const { address, verifier } = await this.push(host);
    const { code } = await this.allow(host, browser, { address, ...input });
    const { status, json, text } = await this.redeem(host, { code: code ?? '', verifier });
    if (status !== 200) throw new Error(`no link: ${text}`);
    return {
      accessToken: String(json['access_token']),
      refreshToken: String(json['refresh_token']),
      ceiling: String(json['transfer_scope']),
    };
  }

  /** Hop 2. */
  exchange(
    host: HostAddress,
    input: { linkToken: string; statement: string; scope: string; form?: Form | undefined },
    headers?: SentHeaders,
  ): Promise<Answer> {
    const form = {
      grant_type: GRANT.tokenExchange,
      subject_token: input.linkToken,
      subject_token_type: TOKEN_TYPE.accessToken,
      actor_token: input.statement,
      actor_token_type: TOKEN_TYPE.jwt,
      resource: `${host.issuer}/api`,
      scope: input.scope,
      ...input.form,
    };
    return this.post(host, '/token', form, headers);
  }

  close(): Promise<void> {
    return this.#close();
  }
}
