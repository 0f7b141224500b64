import {
  challengeOf,
  createDpopProof,
  createVerifier,
  generateSigningKey,
  publicJwks,
  type SigningKey,
  signShortJwt,
} from '@chatelaine/crypto';
import { CLIENT_ASSERTION_TYPE, formatForm, GRANT, JWT_TYP, TOKEN_TYPE } from '@chatelaine/protocol';
import { type Answer, type Browser, type Documents, hiddenFields, send, type Sent } from '@chatelaine/test-kit';

export const clock = { now: () => Date.now() / 1000 };

/** What an answer says, without the number of the request that it is of. PROTOCOL §3.9. */
export const unnumbered = ({ text }: Pick<Answer, 'text'>): string => text.replaceAll(/,"request_id":"[^"]+"/g, '');

/** One request of a program's; most are posts. */
export const exchange = (port: number, sent: Sent): Promise<Answer> => send(port, { method: 'POST', ...sent });

/** A connection as its Requester holds it. */
export interface Connection {
  readonly id: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

export interface RequesterOptions {
  readonly name?: string;
  /** `none`: a client that has only the key its tokens are bound to. */
  readonly keys?: 'own' | 'none';
  readonly grantTypes?: readonly string[];
  /** The Host that it says it is, too. PROTOCOL §2.3. */
  readonly host?: string;
  /** What else its document says. */
  readonly document?: Readonly<Record<string, unknown>>;
}

export interface TransferInput {
  readonly connection: Pick<Connection, 'accessToken'>;
  readonly resource: string;
  readonly scope: string;
  /** Instead of, or beside, the parameters of a good request; undefined leaves one out. */
  readonly params?: Readonly<Record<string, string | undefined>>;
  /** Every DPoP header. */
  readonly proofs?: readonly string[];
  /** Which process is asked. */
  readonly port?: number;
  /** When the Requester leaves. */
  readonly signal?: AbortSignal;
}

let count = 0;

/** A Requester made of keys and plain HTTP. */
export class Requester {
  readonly clientId: string;
  readonly redirectUri: string;
  /** Its connections are bound to this one. */
  readonly key: SigningKey = generateSigningKey();
  /** Authenticates it; null for a client without keys. */
  readonly ownKey: SigningKey | null;
  readonly #am: { readonly issuer: string; readonly port: number };

  constructor(am: { issuer: string; port: number }, documents: Documents, options: RequesterOptions = {}) {
    const { name = 'Reader', keys = 'own', grantTypes = Object.values(GRANT), host, document } = options;
    const path = `/client-${++count}`;
    this.#am = am;
    this.clientId = `${documents.origin}${path}.json`;
    this.redirectUri = `${documents.origin}${path}/callback`;
    this.ownKey = keys === 'own' ? generateSigningKey('EdDSA') : null;
    documents.publish(`${path}.json`, {
      client_id: this.clientId,
      client_name: name,
      client_uri: documents.origin,
      redirect_uris: [this.redirectUri],
      grant_types: grantTypes,
      scope: 'transfer',
      ...(host === undefined ? {} : { chatelaine_host: host }),
      ...document,
      ...(this.ownKey === null
        ? { token_endpoint_auth_method: 'none' }
        : { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: `${documents.origin}${path}.jwks` }),
    });
    if (this.ownKey !== null) documents.publish(`${path}.jwks`, publicJwks([this.ownKey]));
  }

  /** A client assertion; `claims` replaces what a good one has. */
  assertion(claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
    if (this.ownKey === null) throw new Error('this client has no keys');
    return signShortJwt({
      typ: JWT_TYP.clientAssertion,
      key: this.ownKey,
      clock,
      lifetimeSeconds: 60,
      claims: { iss: this.clientId, sub: this.clientId, aud: this.#am.issuer, ...claims },
    });
  }

  /** The parameters that say who is asking. */
  async authentication(): Promise<Record<string, string>> {
    if (this.ownKey === null) return { client_id: this.clientId };
    return { client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion: await this.assertion() };
  }

  /** A proof for one request to the AM, whichever process serves it. */
  proof(path: string, over: { key?: SigningKey; htm?: string; accessToken?: string } = {}): Promise<string> {
    return createDpopProof({ key: this.key, htm: 'POST', htu: `${this.#am.issuer}${path}`, clock, ...over });
  }

  async post(
    path: string,
    form: Readonly<Record<string, string | undefined>>,
    { port = this.#am.port, proofs, signal }: Pick<TransferInput, 'port' | 'proofs' | 'signal'> = {},
  ): Promise<Answer> {
    return exchange(port, {
      path,
      signal,
      headers: { 'content-type': 'application/x-www-form-urlencoded', dpop: [...(proofs ?? [await this.proof(path)])] },
      body: formatForm(form),
    });
  }

  /** Hop 1. */
  async transfer({ connection, resource, scope, params, ...how }: TransferInput): Promise<Answer> {
    const form = {
      grant_type: GRANT.tokenExchange,
      subject_token: connection.accessToken,
      subject_token_type: TOKEN_TYPE.accessToken,
      resource,
      scope,
      ...(params?.['client_assertion'] === undefined ? await this.authentication() : {}),
      ...params,
    };
    return this.post('/token', form, how);
  }

  /** The parameters of a request to connect, authentication and all. */
  async request(verifier: string): Promise<Record<string, string>> {
    return {
      ...(await this.authentication()),
      response_type: 'code',
      scope: 'transfer',
      redirect_uri: this.redirectUri,
      code_challenge: challengeOf(verifier),
      code_challenge_method: 'S256',
      dpop_jkt: this.key.kid,
      state: 'a-state',
    };
  }

  /** Pushes a request to connect; the path is where the owner's browser goes. */
  async push(
    params: Readonly<Record<string, string>> = {},
    verifier: string = createVerifier(),
  ): Promise<{ path: string; verifier: string }> {
    const answer = await this.post('/par', { ...(await this.request(verifier)), ...params });
    if (answer.status !== 201) throw new Error(`PAR answered ${answer.status}: ${answer.text}`);
    const query = formatForm({ client_id: this.clientId, request_uri: String(answer.json['request_uri']) });
    return { path: `/authorize?${query}`, verifier };
  }

  /** The owner of the browser agrees to what `fields` say; the connection. */
  async connect(browser: Browser, fields: Readonly<Record<string, string>>): Promise<Omit<Connection, 'id'>> {
    const { path, verifier } = await this.push();
    const answer = await agree(browser, path, fields);
    const code = new URL(answer.onward ?? 'x:').searchParams.get('code');
    if (code === null) throw new Error(`consent answered ${answer.status}: ${answer.text}`);
    return this.redeem(code, verifier);
  }

  /** Its own statement for a resource. PROTOCOL §3.6. */
  statement(about: { resource: string; scope: string }): Promise<string> {
    if (this.ownKey === null) throw new Error('this client has no keys');
    const own = { iss: this.clientId, sub: this.clientId, aud: new URL(about.resource).origin };
    const claims = { ...own, ...about, cnf: { jkt: this.key.kid } };
    return signShortJwt({ typ: JWT_TYP.requesterStatement, key: this.ownKey, clock, lifetimeSeconds: 60, claims });
  }

  /** Asks whether there is an answer by now. PROTOCOL §3.7. */
  async poll(
    deferralCode: string,
    { params, ...how }: Pick<TransferInput, 'params' | 'proofs' | 'port' | 'signal'> = {},
  ): Promise<Answer> {
    const form = {
      grant_type: GRANT.deferred,
      deferral_code: deferralCode,
      ...(params?.['client_assertion'] === undefined ? await this.authentication() : {}),
      ...params,
    };
    return this.post('/token', form, how);
  }

  async redeem(code: string, verifier: string): Promise<Omit<Connection, 'id'>> {
    const tokens = await this.post('/token', {
      ...(await this.authentication()),
      grant_type: GRANT.authorizationCode,
      code,
      code_verifier: verifier,
    });
    if (tokens.status !== 200) throw new Error(`the code's redemption answered ${tokens.status}: ${tokens.text}`);
    return { accessToken: String(tokens.json['access_token']), refreshToken: String(tokens.json['refresh_token']) };
  }
}

/**
 * The hidden fields of a consent page whose button is pressed for what the test says, and not for what it says itself.
 */
export function unnamed(page: string, action?: string): Record<string, string> {
  const { named: _, ...fields } = hiddenFields(page, action);
  return fields;
}

/** What is chosen on a page, of all that can be. */
export function checkedIn(page: string): Record<string, string> {
  const inputs = [...page.matchAll(/<input type="(?:radio|checkbox)" name="([^"]*)" value(?:="([^"]*)")?([^>]*)>/g)];
  return Object.fromEntries(
    inputs.filter(([, , , rest = '']) => / checked/.test(rest)).map(([, name = '', value = '']) => [name, value]),
  );
}

/** Opens a consent page and sends its form. */
export async function agree(browser: Browser, path: string, fields: Readonly<Record<string, string>>) {
  const page = await browser.get(path);
  return browser.post('/authorize', { ...unnamed(page.text), duration: 'open', decision: 'allow', ...fields });
}
