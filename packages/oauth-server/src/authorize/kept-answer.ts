import { createVault, deriveKey, VaultError } from '@chatelaine/crypto';

/** The browser that may have an answer again. */
export interface AnswerKey {
  readonly requestUri: string;
  /** The secret of the browser's interaction cookie: 32 bytes in base64url. */
  readonly browser: string;
}

/**
 * Encrypts the URL that answers a request, code included, for the browser that was answered. Nobody else has the key,
 * not even somebody with the database and every key of this server: only a hash of it is kept.
 */
export function encryptAnswer(key: AnswerKey, to: string): Buffer {
  return vaultOf(key).encrypt(to, key.requestUri);
}

/** The URL again; null if it was encrypted for another browser. */
export function decryptAnswer(key: AnswerKey, encrypted: Uint8Array): string | null {
  try {
    return vaultOf(key).decrypt(encrypted, key.requestUri);
  } catch (error) {
    if (error instanceof VaultError) return null;
    throw error;
  }
}

const vaultOf = ({ browser }: AnswerKey) =>
  createVault(deriveKey(Buffer.from(browser, 'base64url'), 'authorization-answer'));
