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

/** The text of an answer without its `request_id`, which differs each time. PROTOCOL §3.9. */
export const withoutRequestId = ({ text }: Pick<Answer, 'text'>): string =>
  text.replaceAll(/,"request_id":"[^"]+"/g, '');

/** Sends one request of a client; POST unless given otherwise. */
export const exchange = (port: number, sent: Sent): Promise<Answer> => send(port, { method: 'POST', ...sent });

/** A connection as its Requester stores it. */
export interface Connection {
  readonly id: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

export interface RequesterOptions {
  readonly name?: string;
  /** `none`: a client whose only key is the one that its tokens are bound to. */
  readonly keys?: 'own' | 'none';
  readonly grantTypes?: readonly string[];
  /** The Host that the client claims to be as well. PROTOCOL §2.3. */
  readonly host?: string;
  /** Further members of its document. */
  readonly document?: Readonly<Record<string, unknown>>;
}

export interface TransferInput {
  readonly connection: Pick<Connection, 'accessToken'>;
  readonly resource: string;
  readonly scope: string;
  /** Added to the parameters of a good request, or replacing them; undefined leaves one out. */
  readonly params?: Readonly<Record<string, string | undefined>>;
  /** All DPoP headers. */
  readonly proofs?: readonly string[];
  /** The process to ask. */
  readonly port?: number;
  /** Aborts the request. */
  readonly signal?: AbortSignal;
}

let count = 0;

/** A Requester that uses only keys and plain HTTP. */
export class Requester {
  readonly clientId: string;
  readonly redirectUri: string;
  /** The key that its tokens are bound to. */
  readonly key: SigningKey = generateSigningKey();
  /** The key that authenticates it; null for a client without one. */
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

  /** A client assertion; `claims` replace those of a good one. */
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

  /** The parameters that authenticate the client. */
  async authentication(): Promise<Record<string, string>> {
    if (this.ownKey === null) return { client_id: this.clientId };
    return { client_assertion_type: CLIENT_ASSERTION_TYPE, client_assertion: await this.assertion() };
  }

  /** A DPoP proof for one request to the AM, valid at each of its processes. */
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

  /** Sends a transfer request (hop 1). */
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

  /** All parameters of an authorization request, with client authentication. */
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

  /** Pushes an authorization request; `path` is where the owner's browser goes. */
  async push(
    params: Readonly<Record<string, string>> = {},
    verifier: string = createVerifier(),
  ): Promise<{ path: string; verifier: string }> {
    const answer = await this.post('/par', { ...(await this.request(verifier)), ...params });
    if (answer.status !== 201) throw new Error(`PAR answered ${answer.status}: ${answer.text}`);
    const query = formatForm({ client_id: this.clientId, request_uri: String(answer.json['request_uri']) });
    return { path: `/authorize?${query}`, verifier };
  }

  /** The owner of the browser agrees, with `fields` in the form; the resulting connection. */
  async connect(browser: Browser, fields: Readonly<Record<string, string>>): Promise<Omit<Connection, 'id'>> {
    const { path, verifier } = await this.push();
    const answer = await agree(browser, path, fields);
    const code = new URL(answer.onward ?? 'x:').searchParams.get('code');
    if (code === null) throw new Error(`consent answered ${answer.status}: ${answer.text}`);
    return this.redeem(code, verifier);
  }

  /** The Requester's own statement for a resource. PROTOCOL §3.6. */
  statement(about: { resource: string; scope: string }): Promise<string> {
    if (this.ownKey === null) throw new Error('this client has no keys');
    const own = { iss: this.clientId, sub: this.clientId, aud: new URL(about.resource).origin };
    const claims = { ...own, ...about, cnf: { jkt: this.key.kid } };
    return signShortJwt({ typ: JWT_TYP.requesterStatement, key: this.ownKey, clock, lifetimeSeconds: 60, claims });
  }

  /** Polls for the owner's answer. PROTOCOL §3.7. */
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
 * The hidden fields of a consent page, without the name and value of the button, so that a test decides which button
 * was pressed.
 */
export function fieldsWithoutButton(page: string, action?: string): Record<string, string> {
  const { named: _, ...fields } = hiddenFields(page, action);
  return fields;
}

/** The choices that are selected on a page. */
export function selectedChoices(page: string): Record<string, string> {
  const inputs = [...page.matchAll(/<input type="(?:radio|checkbox)" name="([^"]*)" value(?:="([^"]*)")?([^>]*)>/g)];
  return Object.fromEntries(
    inputs.filter(([, , , rest = '']) => / checked/.test(rest)).map(([, name = '', value = '']) => [name, value]),
  );
}

/** Opens a consent page and submits its form. */
export async function agree(browser: Browser, path: string, fields: Readonly<Record<string, string>>) {
  const page = await browser.get(path);
  return browser.post('/authorize', {
    ...fieldsWithoutButton(page.text),
    duration: 'open',
    decision: 'allow',
    ...fields,
  });
}
