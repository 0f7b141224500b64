import { createDpopProof, generateSigningKey, publicJwks, randomId, sha256base64url } from '@chatelaine/crypto';
import { JWT_TYP } from '@chatelaine/protocol';
import { type Answer, type Browser, clock, type HostAddress, send, TestAm as Am } from '@chatelaine/test-kit';

/** An AM, and the one Requester it serves, under the same roof. */
export class TestAm extends Am {
  readonly #requesterKey = generateSigningKey();
  readonly #ownKey = generateSigningKey();
  override document: Readonly<Record<string, unknown>> = { client_name: 'Keyring <b>of yours</b>' };

  static start(): Promise<TestAm> {
    return this.open((running) => new this(running));
  }

  protected override answer(path: string): unknown {
    if (path === '/feed/jwks') return publicJwks([this.#ownKey]);
    if (path !== '/feed') return super.answer(path);
    return {
      client_id: this.#requesterId,
      redirect_uris: [`${this.#requesterId}/callback`],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: `${this.#requesterId}/jwks`,
    };
  }

  get #requesterId(): string {
    return `${this.issuer}/feed`;
  }

  /** What the Requester itself says of its key. PROTOCOL §3.6. */
  #ownStatement(host: HostAddress, about: { resource: string; scope: string }): Promise<string> {
    const id = this.#requesterId;
    const claims = { iss: id, sub: id, aud: host.issuer, ...about, cnf: { jkt: this.#requesterKey.kid } };
    return this.sign(JWT_TYP.requesterStatement, claims, this.#ownKey);
  }

  /** Links the account signed in in this browser; the link token. */
  async link(
    host: HostAddress,
    browser: Browser,
    tick: readonly string[] = ['entries.read', 'entries.write'],
  ): Promise<string> {
    return (await this.linkBy(host, browser, { tick })).accessToken;
  }

  /** A Host token for the Requester; hop 2. */
  async token(host: HostAddress, linkToken: string, scope: string): Promise<string> {
    const resource = `${host.issuer}/api`;
    const statement = await this.sign(JWT_TYP.transferStatement, {
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
    });
    const answer = await this.exchange(host, { linkToken, statement, scope });
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

  proof(host: HostAddress, accessToken: string, htm = 'GET', path = '/api/entries'): Promise<string> {
    return createDpopProof({ key: this.#requesterKey, htm, htu: `${host.issuer}${path}`, accessToken, clock });
  }
}
