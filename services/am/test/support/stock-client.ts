import { challengeOf, createDpopProof, createVerifier, generateSigningKey, type SigningKey } from '@chatelaine/crypto';
import { formatForm } from '@chatelaine/protocol';
import { type Answer, type Browser } from '@chatelaine/test-kit';
import { clock, exchange, fieldsWithoutButton } from './requester.ts';

type Params = Readonly<Record<string, string | undefined>>;

export interface StockOptions {
  /** The authentication method it registers; `basic` and `post` get a secret. */
  readonly auth?: 'none' | 'basic' | 'post';
  /** Whether it sends DPoP proofs to the token endpoint. */
  readonly dpop?: 'yes' | 'no';
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A pending authorization request, whose owner is at the consent page. */
export interface Asked {
  readonly path: string;
  readonly verifier: string;
}

/**
 * An app that knows nothing of AMs: it registers (RFC 7591), uses code + PKCE + resource, and refreshes. It speaks
 * plain HTTP, so that a test can do everything wrong.
 */
export class StockClient {
  readonly id: string;
  readonly secret: string | null;
  readonly registered: Readonly<Record<string, unknown>>;
  readonly redirectUri = 'http://127.0.0.1:4999/callback';
  readonly key: SigningKey = generateSigningKey();
  readonly #am: { readonly issuer: string; readonly ports: readonly number[] };
  readonly #options: StockOptions;
  #turn = 0;

  private constructor(
    am: { issuer: string; ports: readonly number[] },
    registered: Readonly<Record<string, unknown>>,
    options: StockOptions,
  ) {
    this.#am = am;
    this.#options = options;
    this.registered = registered;
    this.id = String(registered['client_id']);
    this.secret = typeof registered['client_secret'] === 'string' ? registered['client_secret'] : null;
  }

  static async register(
    am: { issuer: string; ports: readonly number[] },
    options: StockOptions = {},
  ): Promise<StockClient> {
    const { auth = 'none', metadata } = options;
    const body = {
      client_name: 'Stock app',
      redirect_uris: ['http://127.0.0.1:4999/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: auth === 'none' ? 'none' : `client_secret_${auth}`,
      ...metadata,
    };
    const headers = { 'content-type': 'application/json' };
    const answer = await exchange(am.ports[0] ?? 0, { path: '/register', headers, body: JSON.stringify(body) });
    if (answer.status !== 201) throw new Error(`registration answered ${answer.status}: ${answer.text}`);
    return new StockClient(am, answer.json, options);
  }

  request(resource: string, over: Params = {}): { query: string; verifier: string } {
    const verifier = createVerifier();
    const query = formatForm({
      response_type: 'code',
      client_id: this.id,
      redirect_uri: this.redirectUri,
      code_challenge: challengeOf(verifier),
      code_challenge_method: 'S256',
      state: 'a-state',
      resource,
      ...over,
    });
    return { query, verifier };
  }

  /** The owner's browser follows the authorization request; `path` is their consent page. */
  async ask(browser: Browser, resource: string, over: Params = {}): Promise<Asked> {
    const { query, verifier } = this.request(resource, over);
    const stored = await browser.get(`/authorize?${query}`);
    const path = stored.onward ?? '';
    if (!path.startsWith('/authorize?')) throw new Error(`the AM answered ${stored.status} ${path}`);
    return { path, verifier };
  }

  /** The owner agrees to everything that is offered, or submits `fields`; the code. */
  async agree(browser: Browser, asked: Asked, fields: Readonly<Record<string, string>> = {}): Promise<string> {
    const page = await browser.get(asked.path);
    const answer = await browser.post('/authorize', {
      ...fieldsWithoutButton(page.text),
      ...allScopes(page.text),
      duration: 'open',
      decision: 'allow',
      ...fields,
    });
    const code = new URL(answer.onward ?? 'x:').searchParams.get('code');
    if (code === null) throw new Error(`consent answered ${answer.status}: ${answer.onward ?? answer.words}`);
    return code;
  }

  /** Calls the token endpoint, alternating between processes. */
  async token(
    form: Params,
    over: { dpop?: 'yes' | 'no'; key?: SigningKey; headers?: Record<string, string>; port?: number } = {},
  ): Promise<Answer> {
    const { ports, issuer } = this.#am;
    const { dpop = this.#options.dpop ?? 'no', key = this.key } = over;
    const proof = await createDpopProof({ key, htm: 'POST', htu: `${issuer}/token`, clock });
    const { headers, params } = this.authentication();
    return exchange(over.port ?? ports[this.#turn++ % ports.length] ?? 0, {
      path: '/token',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...headers,
        ...(dpop === 'yes' ? { dpop: proof } : {}),
        ...over.headers,
      },
      body: formatForm({ ...params, ...form }),
    });
  }

  authentication(): { headers: Record<string, string>; params: Params } {
    if (this.secret === null) return { headers: {}, params: { client_id: this.id } };
    if (this.#options.auth === 'post')
      return { headers: {}, params: { client_id: this.id, client_secret: this.secret } };
    const credentials = Buffer.from(`${encodeURIComponent(this.id)}:${encodeURIComponent(this.secret)}`).toString(
      'base64',
    );
    return { headers: { authorization: `Basic ${credentials}` }, params: {} };
  }

  redeem(
    code: string,
    verifier: string,
    form: Params = {},
    over: Parameters<StockClient['token']>[1] = {},
  ): Promise<Answer> {
    return this.token(
      { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: this.redirectUri, ...form },
      over,
    );
  }

  refresh(refreshToken: string, form: Params = {}, over: Parameters<StockClient['token']>[1] = {}): Promise<Answer> {
    return this.token({ grant_type: 'refresh_token', refresh_token: refreshToken, ...form }, over);
  }

  /** The whole flow: the owner agrees, also to a bearer token unless the app uses DPoP; the token response. */
  async connect(
    browser: Browser,
    resource: string,
    over: { request?: Params; fields?: Record<string, string> } = {},
  ): Promise<Answer> {
    const asked = await this.ask(browser, resource, over.request);
    const bearer: Record<string, string> = this.#options.dpop === 'yes' ? {} : { bearer: 'allow' };
    const code = await this.agree(browser, asked, { ...bearer, ...over.fields });
    return this.redeem(code, asked.verifier);
  }
}

/** The fields that tick every scope on a page. */
export function allScopes(page: string): Record<string, string> {
  const found = page.matchAll(/<input type="checkbox" name="(scope:[^"]+)" value="([^"]*)"/g);
  return Object.fromEntries([...found].map(([, name = '', value = '']) => [name, value]));
}
