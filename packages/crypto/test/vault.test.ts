import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createVault, deriveKey, VaultError } from '../src/index.ts';

const key = randomBytes(32);
const vault = createVault(key);

test('a sealed text opens with the same key and the same aad', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.string(),
      (text, aad) => vault.open(vault.seal(text, aad), aad) === text,
    ),
  );
});

test('it does not open in another row, for another owner, or with another key (E2)', () => {
  const sealed = vault.seal('secret', 'link:1:owner:1');
  expect(() => vault.open(sealed, 'link:2:owner:1')).toThrow(VaultError);
  expect(() => vault.open(sealed, '')).toThrow(VaultError);
  expect(() => createVault(randomBytes(32)).open(sealed, 'link:1:owner:1')).toThrow(VaultError);
});

test('it does not open when one bit is changed anywhere, or any part is missing', () => {
  const sealed = vault.seal('secret', 'aad');
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const changed = Buffer.from(sealed);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(() => vault.open(changed, 'aad')).toThrow(VaultError);
  }
  for (let length = 0; length < sealed.length; length += 1)
    expect(() => vault.open(sealed.subarray(0, length), 'aad')).toThrow(VaultError);
});

test('arbitrary bytes give a VaultError and no other error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => expect(() => vault.open(bytes, '')).toThrow(VaultError)),
  );
});

test('the same text is sealed differently each time, and is not readable in the result', () => {
  const [a, b] = [vault.seal('canary-secret', 'x'), vault.seal('canary-secret', 'x')];
  expect(a.equals(b)).toBe(false);
  expect(a.includes('canary')).toBe(false);
});

test('a retired key still opens, no longer seals, and what it sealed is stale (E5)', () => {
  const next = createVault(randomBytes(32), { keyId: 2, retired: [{ keyId: 1, key }] });
  const old = vault.seal('secret', 'a');
  expect(next.open(old, 'a')).toBe('secret');
  expect(next.isStale(old)).toBe(true);
  const fresh = next.seal('secret', 'a');
  expect(next.isStale(fresh)).toBe(false);
  expect(() => vault.open(fresh, 'a')).toThrow(VaultError);
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
