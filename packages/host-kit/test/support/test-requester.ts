import { generateSigningKey, publicJwks, randomId, type SigningKey, signJwt } from '@chatelaine/crypto';
import { GRANT, JWT_TYP } from '@chatelaine/protocol';
import { type Documents, serveDocuments, clock } from '@chatelaine/test-kit';
import type { TestHost } from './test-host.ts';

type Claims = Readonly<Record<string, unknown>>;

/** A Requester that publishes its keys and signs statements of its own. */
export class TestRequester {
  readonly origin: string;
  readonly port: number;
  readonly clientId: string;
  /** The key that its tokens are bound to. */
  readonly key: SigningKey = generateSigningKey();
  /** The key that it publishes. */
  readonly ownKey: SigningKey = generateSigningKey();
  readonly #documents: Documents;

  private constructor(documents: Documents) {
    this.#documents = documents;
    this.port = documents.port;
    this.origin = documents.origin;
    this.clientId = `${this.origin}/client`;
    this.publish('/client', this.document('/client'));
    this.publish('/jwks', publicJwks([this.ownKey]));
  }

  static async start(): Promise<TestRequester> {
    return new TestRequester(await serveDocuments('feed'));
  }

  publish(path: string, file: unknown): void {
    this.#documents.publish(path, file);
  }

  document(path: string): Claims {
    return {
      client_id: `${this.origin}${path}`,
      client_name: 'Feed',
      redirect_uris: [`${this.origin}/callback`],
      grant_types: [GRANT.authorizationCode, GRANT.refreshToken, GRANT.tokenExchange, 'urn:example:of-tomorrow'],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: `${this.origin}/jwks`,
    };
  }

  claims(host: TestHost, changed: Claims = {}): Claims {
    const iat = Math.floor(clock.now());
    return {
      iss: this.clientId,
      sub: this.clientId,
      aud: host.issuer,
      iat,
      exp: iat + 60,
      jti: randomId(),
      resource: `${host.issuer}/api`,
      scope: 'entries.write',
      cnf: { jkt: this.key.kid },
      ...changed,
    };
  }

  statement(
    host: TestHost,
    changed: Claims = {},
    input: { typ?: string; signedBy?: SigningKey } = {},
  ): Promise<string> {
    const { typ = JWT_TYP.requesterStatement, signedBy = this.ownKey } = input;
    // a forged statement names the published key's kid, whichever key signs it
    return signJwt({ typ, claims: this.claims(host, changed), key: { ...signedBy, kid: this.ownKey.kid } });
  }

  close(): Promise<void> {
    return this.#documents.close();
  }
}
