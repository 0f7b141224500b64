import { keptSecretColumn, type EncryptedColumn, signingKeyColumn } from '@chatelaine/keys';

/** The additional authenticated data for the private half of a signing key. */
export const signingKeyAad = (kid: string): string => JSON.stringify(['signing_key', kid]);

/** Everything that this service stores encrypted; requester-kit encrypts connections and started connections. */
export const ENCRYPTED_COLUMNS: readonly EncryptedColumn[] = [
  signingKeyColumn(signingKeyAad),
  keptSecretColumn,
  {
    table: 'connection',
    column: 'sealed',
    key: ['id'],
    also: { owner_id: 'owner_id' },
    aad: ({ id, owner_id: owner }) => JSON.stringify(['connection', id, owner]),
  },
  {
    table: 'connect_state',
    column: 'sealed',
    key: ['state_hash'],
    also: { owner_id: 'owner_id' },
    aad: ({ state_hash: hash, owner_id: owner }) =>
      JSON.stringify(['state', (hash as Buffer).toString('base64url'), owner]),
  },
  {
    table: 'post_attempt',
    column: 'sealed',
    key: ['owner_id', 'id'],
    aad: ({ id, owner_id: owner }) => JSON.stringify(['post_attempt', owner, id]),
  },
];
