import { keptSecretColumn, type EncryptedColumn } from '@chatelaine/keys';

/** The label under which the bridge's secrets are encrypted. */
export const VAULT_LABEL = 'bridge/vault';

const text = (value: unknown): string => String(value);

/**
 * Everything that the bridge stores encrypted for longer than it takes to connect a service. Of the tokens that it
 * issues it stores only hashes.
 */
export const ENCRYPTED_COLUMNS: readonly EncryptedColumn[] = [
  keptSecretColumn,
  {
    table: 'service_account',
    column: 'credential',
    key: ['id'],
    also: { owner: '"owner"', service: '"service"', origin: '"origin"' },
    // must match upstream/credential.ts, which a test checks
    aad: ({ id, owner, service, origin }) =>
      JSON.stringify(['service_account', text(id), text(owner), text(service), text(origin), 'credential']),
  },
];
