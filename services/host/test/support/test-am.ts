import {
  challengeOf,
  createDpopProof,
  createVerifier,
  generateSigningKey,
  hostTag,
  publicJwks,
  randomId,
  sha256base64url,
  signShortJwt,
} from '@chatelaine/crypto';
import { CLIENT_ASSERTION_TYPE, GRANT, JWT_TYP, TOKEN_TYPE } from '@chatelaine/protocol';
import {
  type Answer,
  type Browser,
  hiddenFields,
  linkClientDocument,
  postForm,
  type Running,
  send,
  serve,
} from '@chatelaine/test-kit';

export const clock = { now: () => Date.now() / 1000 };

interface HostAddress {
  readonly issuer: string;
  readonly port: number;
}

/** An AM of a few lines, and the one Requester it serves. */
export class TestAm {
  readonly issuer: string;
  readonly port: number;
  readonly #key = generateSigningKey();
  readonly #requesterKey = generateSigningKey();
  readonly #ownKey = generateSigningKey();
  readonly #close: () => Promise<void>;

  private constructor({ port, close }: Running) {
    this.port = port;
    this.issuer = `http://am.localhost:${port}`;
    this.#close = close;
  }

  static async start(): Promise<TestAm> {
    const running = await serve((request, response) => {
      const found = am.#answer(request.url ?? '');
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(found));
    });
    const am = new TestAm(running);
    return am;
  }

  #answer(path: string): unknown {
    if (path === '/jwks') return publicJwks([this.#key]);
    if (path === '/feed/jwks') return publicJwks([this.#ownKey]);
    if (path === '/feed')
      return {
        client_id: this.#requesterId,
        redirect_uris: [`${this.#requesterId}/callback`],
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: `${this.#requesterId}/jwks`,
      };
    return linkClientDocument(this.issuer, path.slice('/clients/'.length), 'Keyring <b>of yours</b>');
  }

  /** The Requester lives under the same roof. */
  get #requesterId(): string {
    return `${this.issuer}/feed`;
  }

  /** What the Requester itself says of its key. PROTOCOL §3.6. */
  #ownStatement(host: HostAddress, about: { resource: string; scope: string }): Promise<string> {
    const id = this.#requesterId;
    return signShortJwt({
      typ: JWT_TYP.requesterStatement,
      claims: { iss: id, sub: id, aud: host.issuer, ...about, cnf: { jkt: this.#requesterKey.kid } },
      key: this.#ownKey,
      clock,
      lifetimeSeconds: 60,
    });
  }

  async #post(host: HostAddress, path: string, form: Readonly<Record<string, string>>): Promise<Answer> {
    const clientId = `${this.issuer}/clients/${hostTag(host.issuer)}`;
    const claims = { iss: clientId, sub: clientId, aud: host.issuer };
    const assertion = await signShortJwt({
      typ: JWT_TYP.clientAssertion,
      claims,
      key: this.#key,
      clock,
      lifetimeSeconds: 60,
    });
    return postForm(host.port, path, {
      client_assertion_type: CLIENT_ASSERTION_TYPE,
      client_assertion: assertion,
      ...form,
    });
  }

  /** Pushes a request; the address is where the browser goes. */
  async push(
    host: HostAddress,
    params: Readonly<Record<string, string>> = {},
  ): Promise<{ address: string; verifier: string }> {
    const verifier = createVerifier();
    const tag = hostTag(host.issuer);
    const answer = await this.#post(host, '/par', {
      response_type: 'code',
      scope: 'transfer',
      redirect_uri: `${this.issuer}/callback/${tag}`,
      code_challenge: challengeOf(verifier),
      code_challenge_method: 'S256',
      ...params,
    });
    const query = new URLSearchParams({
      client_id: `${this.issuer}/clients/${tag}`,
      request_uri: String(answer.json['request_uri']),
    });
    return { address: `/authorize?${query.toString()}`, verifier };
  }

  /** Links the account signed in in this browser; the link token. */
  async link(
    host: HostAddress,
    browser: Browser,
    boxes: readonly string[] = ['entries.read', 'entries.write'],
  ): Promise<string> {
    const { address, verifier } = await this.push(host);
    const page = await browser.get(address);
    const ticked = Object.fromEntries(boxes.map((scope) => [`allow:${scope}`, 'yes']));
    const answer = await browser.post('/authorize', {
      ...hiddenFields(page.text, '/authorize'),
      ...ticked,
      until: '',
      decision: 'allow',
    });
    const code = new URL(answer.onward ?? '').searchParams.get('code') ?? '';
    const redeemed = await this.#post(host, '/token', {
      grant_type: GRANT.authorizationCode,
      code,
      code_verifier: verifier,
    });
    return String(redeemed.json['access_token']);
  }

  /** A Host token for the Requester; hop 2. */
  async token(host: HostAddress, linkToken: string, scope: string): Promise<string> {
    const resource = `${host.issuer}/api`;
    const claims = {
      iss: this.issuer,
      sub: this.#requesterId,
      aud: host.issuer,
      ath: sha256base64url(linkToken),
      resource,
      scope,
      cnf: { jkt: this.#requesterKey.kid },
      grant_id: randomId(),
      client_name: '<script>Feed</script>',
      requester_statement: await this.#ownStatement(host, { resource, scope }),
    };
    const statement = await signShortJwt({
      typ: JWT_TYP.transferStatement,
      claims,
      key: this.#key,
      clock,
      lifetimeSeconds: 60,
    });
    const answer = await this.#post(host, '/token', {
      grant_type: GRANT.tokenExchange,
      subject_token: linkToken,
      subject_token_type: TOKEN_TYPE.accessToken,
      actor_token: statement,
      actor_token_type: TOKEN_TYPE.jwt,
      resource,
      scope,
    });
    if (answer.status !== 200) throw new Error(`no token: ${answer.text}`);
    return String(answer.json['access_token']);
  }

  /** The Requester calls the Host's API. */
  async call(
    host: HostAddress,
    token: string,
    input: { method?: string; path?: string; body?: string; proof?: string; type?: string } = {},
  ): Promise<Answer> {
    const { method = 'GET', path = '/api/entries', body, type = 'application/json' } = input;
    const proof = input.proof ?? (await this.proof(host, token, method, path));
    const headers = {
      authorization: `DPoP ${token}`,
      dpop: proof,
      ...(body === undefined ? {} : { 'content-type': type }),
    };
    return send(host.port, { method, path, headers, ...(body === undefined ? {} : { body }) });
  }

  proof(host: HostAddress, token: string, method = 'GET', path = '/api/entries'): Promise<string> {
    return createDpopProof({
      key: this.#requesterKey,
      htm: method,
      htu: `${host.issuer}${path}`,
      accessToken: token,
      clock,
    });
  }

  close(): Promise<void> {
    return this.#close();
  }
}
