import { keptSecretPlace, type SealedPlace } from '@chatelaine/keys';

/** What the bridge's secrets are sealed for. */
export const VAULT_LABEL = 'bridge/vault';

const text = (value: unknown): string => String(value);

/**
 * All that the bridge keeps sealed for longer than somebody takes to connect a service. Of what it issues it has
 * hashes only.
 */
export const SEALED_PLACES: readonly SealedPlace[] = [
  keptSecretPlace,
  {
    table: 'service_account',
    column: 'credential',
    key: ['id'],
    also: { owner: '"owner"', service: '"service"', origin: '"origin"' },
    // as upstream/credential.ts seals it; a test holds the two together
    place: ({ id, owner, service, origin }) =>
      JSON.stringify(['service_account', text(id), text(owner), text(service), text(origin), 'credential']),
  },
];
