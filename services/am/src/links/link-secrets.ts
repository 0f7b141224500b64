import { VaultError } from '@chatelaine/crypto';
import type { Deps } from '../deps.ts';

/** A link's access token with fewer seconds left than this is refreshed: a call and its retry must fit in. */
export const SPARE_SECONDS = 60;

/**
 * The AAD of an encrypted column: what is encrypted for one row, owner and column can be decrypted for no other.
 * PROTOCOL §8.
 */
export function secretAad(input: {
  row: string;
  ownerId: string;
  column: 'access_token' | 'refresh_token' | 'verifier' | 'answer' | 'host_grant';
}): string {
  return `${input.row}|${input.ownerId}|${input.column}`;
}

/**
 * A secret of a link, in clear; null, and a line in the log, if it cannot be decrypted with the keys of this process or
 * not with its AAD.
 */
export function decryptLinkSecret(
  { vault, log }: Pick<Deps, 'vault' | 'log'>,
  { linkId, ownerId }: { readonly linkId: string; readonly ownerId: string },
  { encrypted, column }: { encrypted: Buffer; column: 'access_token' | 'refresh_token' },
): string | null {
  try {
    return vault.decrypt(encrypted, secretAad({ row: linkId, ownerId, column }));
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    log.error(
      { event: 'cannot_decrypt', linkId, column },
      'a stored secret cannot be decrypted with this ENCRYPTION_KEY',
    );
    return null;
  }
}
