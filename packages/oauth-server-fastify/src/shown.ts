import { sha256, sha256base64url } from '@chatelaine/crypto';
import type { FormParams } from '@chatelaine/protocol';
import type { Asked, ConsentOffer } from './interaction.ts';

/**
 * A digest of what a consent page shows: the client with everything it says about itself, where the answer goes, what
 * was asked for, as whom, and what the service has to offer. The form carries it; if it differs by the time the form
 * comes back, the page is shown again. PROTOCOL §2.1.
 */
export function shownDigest({ interaction, owner }: Asked, { facts }: Pick<ConsentOffer, 'facts'>): string {
  const { client, request } = interaction;
  // not its keys, which it may rotate at any time
  const {
    keys: _keys,
    secretHash: _secretHash,
    redirectUris: _redirectUris,
    grantTypes: _grantTypes,
    ...said
  } = client;
  const { redirectUri, scope, transferScope, jkt } = request;
  const shown = [sorted(said), { redirectUri, scope, transferScope, jkt }, owner.id, facts];
  return sha256base64url(JSON.stringify(shown));
}

/** A digest of an answer: the same person, the same choices. */
export function pressDigest(ownerId: string, form: FormParams): Buffer {
  return sha256(JSON.stringify([ownerId, [...form].sort(byName)]));
}

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]): number => (a < b ? -1 : 1);

const sorted = (said: object): object => Object.entries(said).sort(byName as never);
