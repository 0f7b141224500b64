import { createVault, deriveKey, VaultError } from '@chatelaine/crypto';

/** Who may have an answer again. */
export interface AnswerKey {
  readonly requestUri: string;
  /** The secret of the browser's interaction cookie: 32 bytes in base64url. */
  readonly browser: string;
}

/**
 * Seals the address that answers a request, code and all, for the browser that was answered: nobody else has the key,
 * not even whoever holds the database and every key of this server, which keep no more than a hash of it.
 */
export function sealAnswer(key: AnswerKey, to: string): Buffer {
  return vaultOf(key).seal(to, key.requestUri);
}

/** The address again; null when it was sealed for somebody else. */
export function openAnswer(key: AnswerKey, sealed: Uint8Array): string | null {
  try {
    return vaultOf(key).open(sealed, key.requestUri);
  } catch (error) {
    if (error instanceof VaultError) return null;
    throw error;
  }
}

const vaultOf = ({ browser }: AnswerKey) =>
  createVault(deriveKey(Buffer.from(browser, 'base64url'), 'authorization-answer'));
