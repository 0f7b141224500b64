import {
  challengeOf,
  createVerifier,
  generateSigningKey,
  hostTag,
  publicJwks,
  randomId,
  sha256base64url,
  type SigningKey,
  signJwt,
  signShortJwt,
} from '@chatelaine/crypto';
import { CLIENT_ASSERTION_TYPE, GRANT, JWT_TYP, TOKEN_TYPE } from '@chatelaine/protocol';
import {
  type Answer,
  hiddenFields,
  linkClientDocument,
  postForm,
  type Running,
  type Sent,
  serve,
} from '@chatelaine/test-kit';
import type { TestHost } from './test-host.ts';

export const clock = { now: () => Date.now() / 1000 };

/** A link as an AM holds it. */
export interface Link {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly ceiling: string;
}

type Form = Readonly<Record<string, string | undefined>>;
type Claims = Readonly<Record<string, unknown>>;

export interface TransferInput {
  readonly link: Pick<Link, 'accessToken'>;
  readonly scope?: string;
  /** The Requester's key. */
  readonly key?: SigningKey;
  readonly grantId?: string;
  /** Changes the statement's claims; undefined leaves one out. */
  readonly claims?: Claims;
  /** Instead of a statement of our own. */
  readonly actorToken?: string;
  readonly form?: Form;
  readonly headers?: Sent['headers'];
}

/** An AM of a few lines: client documents, keys, and what it sends to a Host. */
export class TestAm {
  readonly issuer: string;
  readonly port: number;
  readonly key: SigningKey;
  keys: readonly SigningKey[];
  /** Changes what its client documents say. */
  document: Claims = {};
  readonly #close: () => Promise<void>;

  private constructor({ port, close }: Running) {
    this.port = port;
    this.issuer = `http://am.localhost:${port}`;
    this.key = generateSigningKey();
    this.keys = [this.key];
    this.#close = close;
  }

  static async start(): Promise<TestAm> {
    const running = await serve((request, response) => {
      const found = am.#answer(request.url ?? '');
      response
        .writeHead(found === null ? 404 : 200, { 'content-type': 'application/json' })
        .end(JSON.stringify(found ?? {}));
    });
    const am = new TestAm(running);
    return am;
  }

  #answer(path: string): unknown {
    if (path === '/jwks') return publicJwks(this.keys);
    const [, tag] = /^\/clients\/([A-Za-z0-9_-]+)$/.exec(path) ?? [];
    return tag === undefined ? null : this.documentFor(tag);
  }

  documentFor(tag: string): Claims {
    return { ...linkClientDocument(this.issuer, tag, 'Keyring'), ...this.document };
  }

  clientId(host: TestHost): string {
    return `${this.issuer}/clients/${hostTag(host.issuer)}`;
  }

  async authentication(host: TestHost, claims: Claims = {}): Promise<Record<string, string>> {
    const clientId = this.clientId(host);
    const assertion = await signShortJwt({
      typ: JWT_TYP.clientAssertion,
      claims: { iss: clientId, sub: clientId, aud: host.issuer, ...claims },
      key: this.key,
      clock,
      lifetimeSeconds: 60,
    });
    return { client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion: assertion };
  }

  async post(host: TestHost, path: string, form: Form, headers: Sent['headers'] = {}): Promise<Answer> {
    return postForm(host.port, path, { ...(await this.authentication(host)), ...form }, headers);
  }

  /** Pushes an authorization request; the verifier belongs to it. */
  async push(host: TestHost, form: Form = {}): Promise<{ answer: Answer; verifier: string; address: string }> {
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

  /** The owner's part: opens the page, answers the form; the code as it came back, or null. */
  async consent(
    host: TestHost,
    input: { address: string; user: string; tick?: readonly string[]; until?: string },
  ): Promise<{ answer: Answer; code: string | null }> {
    const browser = host.browser(input.user);
    const page = await browser.get(input.address);
    const ticked =
      input.tick ??
      [...page.text.matchAll(/name="(allow:[^"]+)"/g)].map(([, name = '']) => name.slice('allow:'.length));
    const boxes = Object.fromEntries(ticked.map((scope) => [`allow:${scope}`, 'yes']));
    const answer = await browser.post('/authorize', {
      ...hiddenFields(page.text),
      ...boxes,
      until: input.until ?? '',
      decision: 'allow',
    });
    const location = answer.onward;
    return { answer, code: location === undefined ? null : new URL(location, host.issuer).searchParams.get('code') };
  }

  redeem(host: TestHost, input: { code: string; verifier: string; form?: Form }): Promise<Answer> {
    return this.post(host, '/token', {
      grant_type: 'authorization_code',
      code: input.code,
      code_verifier: input.verifier,
      ...input.form,
    });
  }

  /** All of PROTOCOL §2.2. */
  async link(host: TestHost, input: { user?: string; tick?: readonly string[]; until?: string } = {}): Promise<Link> {
    const { address, verifier } = await this.push(host);
    const { code } = await this.consent(host, { address, user: input.user ?? 'alice', ...input });
    const answer = await this.redeem(host, { code: code ?? '', verifier });
    if (answer.status !== 200) throw new Error(`no link: ${answer.text}`);
    return {
      accessToken: String(answer.json['access_token']),
      refreshToken: String(answer.json['refresh_token']),
      ceiling: String(answer.json['transfer_scope']),
    };
  }

  claims(host: TestHost, input: TransferInput): Claims {
    const iat = Math.floor(clock.now());
    return {
      iss: this.issuer,
      sub: 'https://feed.example/client.json',
      aud: host.issuer,
      iat,
      exp: iat + 60,
      jti: randomId(),
      ath: sha256base64url(input.link.accessToken),
      resource: `${host.issuer}/api`,
      scope: input.scope ?? 'entries.read',
      cnf: { jkt: (input.key ?? requesterKey).kid },
      grant_id: input.grantId ?? randomId(),
      client_name: 'Feed',
      ...input.claims,
    };
  }

  statement(host: TestHost, input: TransferInput & { typ?: string; signedBy?: SigningKey }): Promise<string> {
    return signJwt({
      typ: input.typ ?? JWT_TYP.transferStatement,
      claims: this.claims(host, input),
      key: input.signedBy ?? this.key,
    });
  }

  /** Hop 2. */
  async transfer(host: TestHost, input: TransferInput): Promise<Answer> {
    const form = {
      grant_type: GRANT.tokenExchange,
      subject_token: input.link.accessToken,
      subject_token_type: TOKEN_TYPE.accessToken,
      actor_token: input.actorToken ?? (await this.statement(host, input)),
      actor_token_type: TOKEN_TYPE.jwt,
      resource: `${host.issuer}/api`,
      scope: input.scope ?? 'entries.read',
      ...input.form,
    };
    return this.post(host, '/token', form, input.headers);
  }

  /** A token for the Requester's key. */
  async token(host: TestHost, input: TransferInput): Promise<string> {
    const answer = await this.transfer(host, input);
    if (answer.status !== 200) throw new Error(`no token: ${answer.text}`);
    return String(answer.json['access_token']);
  }

  close(): Promise<void> {
    return this.#close();
  }
}

/** The Requester's key unless a test names another. */
export const requesterKey = generateSigningKey();
