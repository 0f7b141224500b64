import { keptSecretColumn, type EncryptedColumn } from '@chatelaine/keys';

/** The label under which the Host's secrets are encrypted. */
export const VAULT_LABEL = 'host/vault';

/** Everything that the Host stores encrypted; of the tokens that it issues it stores only hashes. */
export const ENCRYPTED_COLUMNS: readonly EncryptedColumn[] = [keptSecretColumn];
