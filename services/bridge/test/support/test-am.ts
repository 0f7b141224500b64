import { createDpopProof, generateSigningKey, randomId, sha256base64url } from '@chatelaine/crypto';
import { GRANT, JWT_TYP } from '@chatelaine/protocol';
import {
  type Answer,
  type Browser,
  clock,
  type HostAddress,
  type Link,
  send,
  type SentHeaders,
  TestAm as Am,
} from '@chatelaine/test-kit';

/** An AM, and the one Requester it serves. */
export class TestAm extends Am {
  readonly #requesterKey = generateSigningKey();

  static start(): Promise<TestAm> {
    return this.open((running) => new this(running));
  }

  /** Links the account signed in in this browser. */
  link(host: HostAddress, browser: Browser): Promise<Link> {
    return this.linkBy(host, browser);
  }

  /** The ceiling as a refresh tells it. */
  async ceiling(host: HostAddress, { refreshToken }: Link): Promise<string> {
    const answer = await this.post(host, '/token', { grant_type: GRANT.refreshToken, refresh_token: refreshToken });
    return String(answer.json['transfer_scope']);
  }

  /** A Host token for the Requester. */
  async token(host: HostAddress, link: Link, scope: string): Promise<string> {
    const answer = await this.transfer(host, link, scope);
    if (answer.status !== 200) throw new Error(`no token: ${answer.text}`);
    return String(answer.json['access_token']);
  }

  /** Hop 2. */
  async transfer(host: HostAddress, { accessToken: linkToken }: Link, scope: string): Promise<Answer> {
    const statement = await this.sign(JWT_TYP.transferStatement, {
      iss: this.issuer,
      sub: 'https://feed.example/client.json',
      aud: host.issuer,
      ath: sha256base64url(linkToken),
      resource: `${host.issuer}/api`,
      scope,
      cnf: { jkt: this.#requesterKey.kid },
      grant_id: randomId(),
      client_name: 'Feed',
    });
    return this.exchange(host, { linkToken, statement, scope });
  }

  /** The Requester calls the API; the target is sent as it is. */
  async call(
    host: HostAddress,
    token: string,
    input: { method?: string; path: string; body?: string; headers?: SentHeaders; htu?: string; signal?: AbortSignal },
  ): Promise<Answer> {
    const { method = 'GET', path, body, headers = {}, signal } = input;
    const proof = await this.proof(host, token, method, input.htu ?? path.replace(/\?.*$/s, ''));
    return send(host.port, {
      method,
      path,
      headers: {
        authorization: `DPoP ${token}`,
        dpop: proof,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body }),
      ...(signal && { signal }),
    });
  }

  proof(host: HostAddress, accessToken: string, htm: string, path: string): Promise<string> {
    return createDpopProof({ key: this.#requesterKey, htm, htu: `${host.issuer}${path}`, accessToken, clock });
  }
}
