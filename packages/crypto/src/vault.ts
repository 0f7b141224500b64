import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { systemRandom } from './random.ts';

const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 2;

/**
 * An encrypted text cannot be decrypted: it was encrypted with another key or another `aad`, or is damaged. The error
 * does not say which.
 */
export class VaultError extends Error {
  override readonly name = 'VaultError';
}

export interface VaultKey {
  /** 0..255, stored at the beginning of every encrypted text. */
  readonly keyId: number;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

export interface Vault {
  /** Id of the key that encrypts. */
  readonly keyId: number;
  /**
   * Encrypts `plaintext`. `aad` says what it belongs to (row id and owner), and the same must be given to decrypt it.
   */
  encrypt(plaintext: string, aad: string): Buffer;
  /** @throws VaultError unless it was encrypted with a known key and exactly this `aad` */
  decrypt(encrypted: Uint8Array, aad: string): string;
  /** Whether it was encrypted with a retired key, and should be encrypted again. */
  isStale(encrypted: Uint8Array): boolean;
}

export interface VaultOptions {
  /** Id of the key that encrypts, 0..255; 1 by default. */
  readonly keyId?: number;
  /** Earlier keys, which only decrypt. */
  readonly retired?: readonly VaultKey[];
}

/**
 * AES-256-GCM for secrets at rest. Layout: format byte, key id byte, 12 bytes of nonce, ciphertext, 16 bytes of tag.
 *
 * @param key 32 bytes from outside the database @throws RangeError when a key is not 32 bytes long or two keys share an
 * id
 */
export function createVault(key: Uint8Array, options: VaultOptions = {}): Vault {
  const keyId = options.keyId ?? 1;
  // key objects, because given bytes would be converted into one for each text
  const keys = new Map<number, KeyObject>();
  for (const each of [{ keyId, key }, ...(options.retired ?? [])]) {
    if (each.key.length !== 32) throw new RangeError('A vault key is 32 bytes.');
    if (!Number.isInteger(each.keyId) || each.keyId < 0 || each.keyId > 255 || keys.has(each.keyId)) {
      throw new RangeError('Vault key ids are 0..255, each used once.');
    }
    keys.set(each.keyId, createSecretKey(each.key));
  }
  const current = createSecretKey(key);
  return {
    keyId,
    encrypt: (plaintext, aad) => encrypt({ key: current, keyId }, plaintext, aad),
    decrypt: (encrypted, aad) => decrypt(keys, encrypted, aad),
    isStale: (encrypted) => encrypted[1] !== keyId,
  };
}

function encrypt({ key, keyId }: { key: KeyObject; keyId: number }, plaintext: string, aad: string): Buffer {
  const head = Buffer.from([FORMAT, keyId]);
  const nonce = systemRandom(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  // the head is authenticated as well, so that nobody can change format or key id
  cipher.setAAD(Buffer.concat([head, Buffer.from(aad, 'utf8')]));
  const body = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
  return Buffer.concat([head, nonce, body, cipher.getAuthTag()]);
}

function decrypt(keys: ReadonlyMap<number, KeyObject>, encrypted: Uint8Array, aad: string): string {
  const bytes = Buffer.from(encrypted);
  const key = keys.get(bytes[1] ?? -1);
  if (bytes.length < HEAD_BYTES + NONCE_BYTES + TAG_BYTES || bytes[0] !== FORMAT || key === undefined)
    throw cannotDecrypt();
  const nonce = bytes.subarray(HEAD_BYTES, HEAD_BYTES + NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.concat([bytes.subarray(0, HEAD_BYTES), Buffer.from(aad, 'utf8')]));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  const body = decipher.update(bytes.subarray(HEAD_BYTES + NONCE_BYTES, -TAG_BYTES));
  try {
    return Buffer.concat([body, decipher.final()]).toString('utf8');
  } catch {
    throw cannotDecrypt();
  }
}

const cannotDecrypt = () => new VaultError('This value cannot be decrypted with the keys and the aad given.');

/**
 * Derives 32 bytes for one purpose from a master secret (HKDF-SHA-256, RFC 5869). Each purpose needs a label of its
 * own.
 */
export function deriveKey(master: Uint8Array, label: string): Buffer {
  if (master.length < 32) throw new RangeError('A master key is at least 32 bytes.');
  return Buffer.from(hkdfSync('sha256', master, new Uint8Array(0), `chatelaine/1/${label}`, 32));
}
