import { hkdfSync, randomBytes } from 'node:crypto';
import { keepSecret, type KeptIn, replaceSecret } from './kept-secret.ts';

/** What signs cookies and forms. */
export interface SessionKeys {
  readonly form: string;
  readonly sessionCookie: string;
  readonly formToken: string;
}

const NAME = 'session_keys';

/**
 * What signs cookies and forms, kept sealed so that it outlives a change of ENCRYPTION_KEY: nobody is signed out by
 * one. `seed` is what it is derived from the first time.
 */
export async function openSessionKeys({
  seed,
  ...parts
}: KeptIn & { readonly seed: Uint8Array }): Promise<SessionKeys> {
  return JSON.parse(await keepSecret(parts, NAME, JSON.stringify(sessionKeysOf(seed)))) as SessionKeys;
}

/** New ones, for when somebody else has the old: everybody is signed out when the processes start again. */
export async function replaceSessionKeys(parts: KeptIn): Promise<void> {
  await replaceSecret(parts, NAME, JSON.stringify(sessionKeysOf(randomBytes(32))));
}

/** From 32 bytes or more. */
export function sessionKeysOf(key: Uint8Array): SessionKeys {
  if (key.length < 32) throw new Error('The key of the sessions must have 32 bytes.');
  const subkey = (use: string): string =>
    Buffer.from(hkdfSync('sha256', key, '', `service-kit ${use}`, 32)).toString('base64url');
  return { form: subkey('form secret'), sessionCookie: subkey('session cookie'), formToken: subkey('form token') };
}
