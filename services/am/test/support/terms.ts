import { createDpopProof, signAgreement, type SigningKey } from '@chatelaine/crypto';
import { readProfferClaims, type TermsAgreement, type TermsReference } from '@chatelaine/protocol';
import type { Answer } from '@chatelaine/test-kit';
import type { TestDeployment, Story } from './deployment.ts';
import { clock, exchange } from './requester.ts';

/** A version that an operator adds to those that are shipped. */
export const NEWER = {
  id: 'no-training',
  version: '1.1',
  title: 'No training',
  summary: 'We train nothing with what we get, and say so in public.',
  purposes: [],
  prohibited: ['https://w3id.org/dpv/ai#TrainingData'],
  obliged: [],
};

/** The Requester's side of the agreements endpoint. */
export class Signer {
  readonly #deployment: TestDeployment;
  readonly #story: Story;

  constructor(deployment: TestDeployment, story: Story) {
    this.#deployment = deployment;
    this.#story = story;
  }

  async call(how: { body?: unknown; proofs?: readonly string[]; port?: number; token?: string } = {}): Promise<Answer> {
    const { requester, connection } = this.#story;
    const method = how.body === undefined ? 'GET' : 'POST';
    const token = how.token ?? connection.accessToken;
    const proofs = how.proofs ?? [
      await createDpopProof({
        key: requester.key,
        htm: method,
        htu: `${this.#deployment.issuer}/agreements`,
        accessToken: token,
        clock,
      }),
    ];
    return exchange(how.port ?? this.#deployment.ams[0].port, {
      method,
      path: '/agreements',
      headers: {
        authorization: `DPoP ${token}`,
        dpop: [...proofs],
        ...(method === 'POST' && { 'content-type': 'application/json' }),
      },
      ...(how.body !== undefined && { body: typeof how.body === 'string' ? how.body : JSON.stringify(how.body) }),
    });
  }

  async proffer(): Promise<string> {
    return String((await this.call()).json['proffer']);
  }

  /** The terms in an offer. */
  termsOf(proffer: string): readonly TermsReference[] {
    const claims: unknown = JSON.parse(Buffer.from(proffer.split('.')[1] ?? '', 'base64url').toString());
    return readProfferClaims(claims)?.terms ?? [];
  }

  /** A good answer, changed by `over`. */
  sign(
    proffer: string,
    over: Partial<Record<keyof TermsAgreement, unknown>> = {},
    key: SigningKey | null = this.#story.requester.ownKey,
  ): Promise<string> {
    if (key === null) throw new Error('this client has no keys');
    const { clientId } = this.#story.requester;
    const claims = {
      iss: clientId,
      sub: clientId,
      aud: this.#deployment.issuer,
      iat: Math.floor(clock.now()),
      proffer,
      ...(Object.hasOwn(over, 'declined') ? {} : { accepted: this.termsOf(proffer)[0] }),
      ...over,
    };
    return signAgreement(claims as TermsAgreement, key);
  }

  async accept(port?: number): Promise<Answer> {
    return this.call({ body: { agreement: await this.sign(await this.proffer()) }, ...(port && { port }) });
  }
}
