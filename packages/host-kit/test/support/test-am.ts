import { generateSigningKey, randomId, sha256base64url, type SigningKey, signJwt } from '@chatelaine/crypto';
import { JWT_TYP } from '@chatelaine/protocol';
import { type Answer, clock, type Form, type Link, type SentHeaders, TestAm as Am } from '@chatelaine/test-kit';
import type { TestHost } from './test-host.ts';

type Claims = Readonly<Record<string, unknown>>;

export interface TransferInput {
  readonly link: Pick<Link, 'accessToken'>;
  readonly scope?: string;
  /** The Requester's key. */
  readonly key?: SigningKey;
  readonly grantId?: string;
  /** Changes claims of the statement; undefined leaves one out. */
  readonly claims?: Claims;
  /** Sent instead of a statement of this AM. */
  readonly actorToken?: string;
  readonly form?: Form;
  readonly headers?: SentHeaders;
}

/** An AM that can send statements that are wrong in any way. */
export class TestAm extends Am {
  static start(): Promise<TestAm> {
    return this.open((running) => new this(running));
  }

  /** The owner's part, in a browser of theirs. */
  consent(
    host: TestHost,
    { user, ...input }: { address: string; user: string; tick?: readonly string[]; until?: string },
  ): Promise<{ answer: Answer; code: string | null }> {
    return this.allow(host, host.browser(user), input);
  }

  /** The whole of PROTOCOL §2.2: a link. */
  link(
    host: TestHost,
    { user = 'alice', ...input }: { user?: string; tick?: readonly string[]; until?: string } = {},
  ): Promise<Link> {
    return this.linkBy(host, host.browser(user), input);
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

  /** Sends hop 2. */
  async transfer(host: TestHost, input: TransferInput): Promise<Answer> {
    const statement = input.actorToken ?? (await this.statement(host, input));
    const { scope = 'entries.read', form } = input;
    return this.exchange(host, { linkToken: input.link.accessToken, statement, scope, form }, input.headers);
  }

  async token(host: TestHost, input: TransferInput): Promise<string> {
    const answer = await this.transfer(host, input);
    if (answer.status !== 200) throw new Error(`no token: ${answer.text}`);
    return String(answer.json['access_token']);
  }
}

/** The Requester's key unless a test names another. */
export const requesterKey = generateSigningKey();
