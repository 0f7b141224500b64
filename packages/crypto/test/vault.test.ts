import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createVault, deriveKey, VaultError } from '../src/index.ts';

const key = randomBytes(32);
const vault = createVault(key);

test('an encrypted text can be decrypted with the same key and the same aad', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.string(),
      (text, aad) => vault.decrypt(vault.encrypt(text, aad), aad) === text,
    ),
  );
});

test('it cannot be decrypted in another row, for another owner, or with another key (E2)', () => {
  const encrypted = vault.encrypt('secret', 'link:1:owner:1');
  expect(() => vault.decrypt(encrypted, 'link:2:owner:1')).toThrow(VaultError);
  expect(() => vault.decrypt(encrypted, '')).toThrow(VaultError);
  expect(() => createVault(randomBytes(32)).decrypt(encrypted, 'link:1:owner:1')).toThrow(VaultError);
});

test('it cannot be decrypted when one bit is changed anywhere, or any part is missing', () => {
  const encrypted = vault.encrypt('secret', 'aad');
  for (let bit = 0; bit < encrypted.length * 8; bit += 1) {
    const changed = Buffer.from(encrypted);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(() => vault.decrypt(changed, 'aad')).toThrow(VaultError);
  }
  for (let length = 0; length < encrypted.length; length += 1)
    expect(() => vault.decrypt(encrypted.subarray(0, length), 'aad')).toThrow(VaultError);
});

test('arbitrary bytes give a VaultError and no other error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) =>
      expect(() => vault.decrypt(bytes, '')).toThrow(VaultError),
    ),
  );
});

test('the same text is encrypted differently each time, and is not readable in the result', () => {
  const [a, b] = [vault.encrypt('canary-secret', 'x'), vault.encrypt('canary-secret', 'x')];
  expect(a.equals(b)).toBe(false);
  expect(a.includes('canary')).toBe(false);
});

test('a retired key still decrypts, no longer encrypts, and what it encrypted is stale (E5)', () => {
  const next = createVault(randomBytes(32), { keyId: 2, retired: [{ keyId: 1, key }] });
  const old = vault.encrypt('secret', 'a');
  expect(next.decrypt(old, 'a')).toBe('secret');
  expect(next.isStale(old)).toBe(true);
  const fresh = next.encrypt('secret', 'a');
  expect(next.isStale(fresh)).toBe(false);
  expect(() => vault.decrypt(fresh, 'a')).toThrow(VaultError);
});

test('a key of another size, and two keys with one id, are refused at start', () => {
  for (const size of [0, 16, 31, 33]) expect(() => createVault(randomBytes(size))).toThrow(RangeError);
  expect(() => createVault(key, { keyId: 256 })).toThrow(RangeError);
  expect(() => createVault(key, { retired: [{ keyId: 1, key }] })).toThrow(RangeError);
});

test('keys derived for two purposes differ, and for one purpose are the same', () => {
  const master = Buffer.alloc(32, 7);
  expect(deriveKey(master, 'cookies')).toEqual(deriveKey(master, 'cookies'));
  expect(deriveKey(master, 'cookies')).not.toEqual(deriveKey(master, 'vault'));
  expect(deriveKey(master, 'vault')).toHaveLength(32);
  expect(() => deriveKey(Buffer.alloc(16), 'vault')).toThrow(RangeError);
});
