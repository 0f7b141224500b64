import { createHmac, createPrivateKey, sign as nodeSign } from 'node:crypto';
import type { Clock } from '@chatelaine/protocol';
import type { SigningKey } from '../src/index.ts';

export const NOW = 1_800_000_000;

export const clockAt = (seconds: number): Clock => ({ now: () => seconds });

export const b64 = (value: unknown) =>
  (value instanceof Uint8Array
    ? Buffer.from(value)
    : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
  ).toString('base64url');

/** A JWT assembled by hand, so that tests can violate rules that the package's own signer keeps. */
export function forge(header: object, payload: unknown, key: SigningKey): string {
  return signText(`${b64(header)}.${b64(payload)}`, key);
}

/** The text, whatever it is, with a signature after it. */
export function signText(input: string, key: SigningKey): string {
  const d = createPrivateKey({ key: { ...key.privateJwk }, format: 'jwk' });
  const signature =
    key.alg === 'ES256'
      ? nodeSign('sha256', Buffer.from(input), { key: d, dsaEncoding: 'ieee-p1363' })
      : nodeSign(null, Buffer.from(input), d);
  return `${input}.${signature.toString('base64url')}`;
}

export function forgeHmac(header: object, payload: unknown, secret: string): string {
  const input = `${b64(header)}.${b64(payload)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The same 32 bytes in base64url with one of the unused bits set. */
export const otherSpelling = (text: string) =>
  text.slice(0, -1) + ALPHABET.charAt(ALPHABET.indexOf(text.slice(-1)) + 1);
