import type { Vault } from '@chatelaine/crypto';
import { z } from 'zod';

/**
 * What a service issued to us for one account of one owner. Unencrypted only between its decryption and the request
 * that it is for.
 */
export const credentialSchema = z.discriminatedUnion('version', [
  z.object({ version: z.literal('2.0'), accessToken: z.string(), refreshToken: z.string().nullable() }),
  z.object({ version: z.literal('1.0a'), token: z.string(), tokenSecret: z.string() }),
]);
export type Credential = z.infer<typeof credentialSchema>;

/** Where a credential is stored. */
export interface CredentialRow {
  readonly id: string;
  readonly owner: string;
  readonly service: string;
  readonly origin: string;
}

/**
 * The additional authenticated data: an encrypted credential that is moved to another row, owner, service or origin
 * cannot be decrypted.
 */
export const credentialAad = ({ id, owner, service, origin }: CredentialRow): string =>
  JSON.stringify(['service_account', id, owner, service, origin, 'credential']);

export function encryptCredential(vault: Vault, row: CredentialRow, credential: Credential): Buffer {
  return vault.encrypt(JSON.stringify(credential), credentialAad(row));
}

/** @throws VaultError unless it was encrypted for exactly this row */
export function decryptCredential(vault: Vault, row: CredentialRow, encrypted: Uint8Array): Credential {
  return credentialSchema.parse(JSON.parse(vault.decrypt(encrypted, credentialAad(row))));
}

/** Every secret in it. */
export function secretsOf(credential: Credential): string[] {
  const { version } = credential;
  if (version === '1.0a') return [credential.token, credential.tokenSecret];
  return credential.refreshToken === null
    ? [credential.accessToken]
    : [credential.accessToken, credential.refreshToken];
}
