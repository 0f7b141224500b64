import type { Pool } from '@chatelaine/postgres';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { browserBinding, challengeKeyOf } from '../sessions/sessions.ts';
import { askToMake, askToSign, checkMade, checkSigned, type RelyingParty, relyingParty } from './ceremony.ts';
import { type ChallengePurpose, type Challenges, createChallenges } from './challenge.ts';
import type { PasskeyAsk } from './passkey-block.tsx';
import { findPasskey, type NewPasskey, type Passkey, type UsedPasskey, usePasskey } from './passkey-store.ts';
import { passkeyScript, type Script } from './script.ts';

/** Passkeys, for the routes of accounts. */
export interface Passkeys {
  readonly script: Script;
  /** Options for a signature by one of these or, without any, by any passkey for this service. */
  askToSign(at: Visit, purpose: ChallengePurpose, passkeys?: readonly Passkey[]): Promise<PasskeyAsk>;
  askToMake(at: Visit, purpose: ChallengePurpose, whose: Whose): Promise<PasskeyAsk>;
  /**
   * The account of a valid signature, which is accepted once; null for anything else. `of`: an account id, if only its
   * passkeys may sign.
   */
  signed(at: Visit, purpose: ChallengePurpose, input: { text: string; of?: string }): Promise<UsedPasskey | null>;
  /** A valid new passkey, which the caller must add; null for anything else. */
  made(at: Visit, purpose: ChallengePurpose, input: { text: string; userId: string }): Promise<Made | null>;
}

/**
 * A request for a page, and its answer. A challenge is bound to the browser and, once somebody has signed in, to the
 * session.
 */
export interface Visit {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export interface Whose {
  readonly userId: string;
  readonly username: string;
  /** The passkeys that the account already has. */
  readonly passkeys: readonly Passkey[];
}

export type Made = NewPasskey & { readonly spends: Buffer };

export function createPasskeys(app: FastifyInstance, { pool }: { pool: Pool }): Passkeys {
  const site = app.getDecorator<{ name: string }>('site');
  const rp: RelyingParty = relyingParty(app.getDecorator<string>('issuer'), site.name);
  const challenges: Challenges = createChallenges(challengeKeyOf(app));
  const script = passkeyScript();
  const scriptHref = script.href;
  return {
    script,
    async askToSign(at, purpose, passkeys = []) {
      const challenge = challenges.make({ purpose, binding: browserBinding(at) });
      return { kind: 'get', options: await askToSign(rp, { challenge, passkeys }), scriptHref };
    },
    async askToMake(at, purpose, whose) {
      const challenge = challenges.make({ purpose, binding: browserBinding(at), userId: whose.userId });
      return { kind: 'create', options: await askToMake(rp, { challenge, ...whose }), scriptHref };
    },
    async signed(at, purpose, { text, of }) {
      const signed = await checkSigned(
        { rp, challenges },
        {
          text,
          of: { purpose, binding: browserBinding(at) },
          async find(id) {
            const passkey = await findPasskey(pool, id);
            return of === undefined || passkey?.accountId === of ? passkey : null;
          },
        },
      );
      return signed === null ? null : usePasskey(pool, signed);
    },
    made: (at, purpose, { text, userId }) =>
      checkMade({ rp, challenges }, { text, of: { purpose, binding: browserBinding(at), userId } }),
  };
}
