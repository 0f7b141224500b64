import path from 'node:path';

export { keyCommands, type ServiceKeys, withCommandPool } from './key-commands.ts';
export { findKeptKey, openKeptKey } from './kept-key.ts';
export { keptSecretColumn } from './kept-secret.ts';
export { openVault, type VaultInput } from './open-vault.ts';
export { openPushKeys, type PushKey, type PushKeys } from './push-keys.ts';
export { openRefreshKeys, type RefreshKey, type RefreshKeys } from './refresh-keys.ts';
export {
  countStale,
  reencrypt,
  type Reencrypted,
  type EncryptedColumn,
} from './encrypted-columns-store.ts';
export {
  openSessionKeys,
  replaceSessionKeys,
  type SessionKeys,
  sessionKeysOf,
} from './session-keys.ts';
export {
  type KeyRing,
  openSigningKeys,
  replaceSigningKey,
  rotateSigningKey,
  type Rotation,
  signingKeyColumn,
  type SigningKeysInput,
} from './signing-keys.ts';

/**
 * Directory of the migrations of `encryption_key` and `kept_secret`, in Prisma's layout. A service applies them
 * together with its own.
 */
export const keyMigrations: string = path.join(import.meta.dirname, '..', 'prisma', 'migrations');

/** The same tables as a Prisma file, with which the service's test compares its database. */
export const keySchema: string = path.join(import.meta.dirname, '..', 'prisma', 'keys.prisma');
