import { hkdfSync, randomBytes } from 'node:crypto';
import { keepSecret, type KeptIn, replaceSecret } from './kept-secret.ts';

/** The keys that sign cookies and CSRF tokens. */
export interface SessionKeys {
  readonly form: string;
  readonly sessionCookie: string;
  readonly formToken: string;
}

const NAME = 'session_keys';

/**
 * Opens the keys that sign cookies and CSRF tokens. They are encrypted so that they survive a change of ENCRYPTION_KEY,
 * by which nobody is signed out. They are derived from `seed` the first time.
 */
export async function openSessionKeys({
  seed,
  ...parts
}: KeptIn & { readonly seed: Uint8Array }): Promise<SessionKeys> {
  return JSON.parse(await keepSecret(parts, NAME, JSON.stringify(sessionKeysOf(seed)))) as SessionKeys;
}

/**
 * Replaces the keys, for when somebody else knows the old ones. Everybody is signed out once the processes have
 * restarted.
 */
export async function replaceSessionKeys(parts: KeptIn): Promise<void> {
  await replaceSecret(parts, NAME, JSON.stringify(sessionKeysOf(randomBytes(32))));
}

/** Derives the keys from 32 bytes or more. */
export function sessionKeysOf(key: Uint8Array): SessionKeys {
  if (key.length < 32) throw new Error('The key of the sessions must have 32 bytes.');
  const subkey = (use: string): string =>
    Buffer.from(hkdfSync('sha256', key, '', `service-kit ${use}`, 32)).toString('base64url');
  return { form: subkey('form secret'), sessionCookie: subkey('session cookie'), formToken: subkey('form token') };
}
