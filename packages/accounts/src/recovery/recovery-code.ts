import { sha256 } from '@chatelaine/crypto';
import { randomBytes } from 'node:crypto';

/** 80 bits, which cannot be guessed however many attempts are made. */
const BYTES = 10;
/** Crockford's base32: no letters that look like digits, and no U, which keeps accidental words out. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LETTERS = new RegExp(`^[${ALPHABET}]{${(BYTES * 8) / 5}}$`);

/** A new code as it is shown and written down: `XXXX-XXXX-XXXX-XXXX`. */
export function newRecoveryCode(): string {
  const bits = [...randomBytes(BYTES)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const letters = (bits.match(/.{5}/g) ?? []).map((five) => ALPHABET[Number.parseInt(five, 2)]).join('');
  return (letters.match(/.{4}/g) ?? []).join('-');
}

/**
 * A typed code in the form of {@link newRecoveryCode} without hyphens: O is read as 0, I and L as 1. Null if it cannot
 * be a code.
 */
export function parseRecoveryCode(typed: string): string | null {
  const code = typed.toUpperCase().replace(/[\s-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1');
  return LETTERS.test(code) ? code : null;
}

/**
 * What is stored of a code. The account is part of it, so that one guess cannot be tried against all accounts of a
 * stolen table at once.
 */
export const recoveryCodeHash = (accountId: string, code: string): Buffer =>
  sha256(`recovery code\0${accountId}\0${code.replaceAll('-', '')}`);
