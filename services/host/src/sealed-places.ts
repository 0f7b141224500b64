import { keptSecretPlace, type SealedPlace } from '@chatelaine/keys';

/** What the Host's secrets are sealed for. */
export const VAULT_LABEL = 'host/vault';

/** All that the Host keeps sealed: of what it issues it has hashes only. */
export const SEALED_PLACES: readonly SealedPlace[] = [keptSecretPlace];
