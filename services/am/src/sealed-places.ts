import { keptSecretPlace, type SealedPlace, signingKeyPlace } from '@chatelaine/keys';

/** The additional authenticated data for the private half of a signing key. */
export const placeOfSigningKey = (kid: string): string => `signing_key|${kid}`;

// must match links/sealing.ts
const placed =
  (column: string, rowOf: (row: Readonly<Record<string, unknown>>) => string): SealedPlace['place'] =>
  (row) =>
    `${rowOf(row)}|${String(row['owner_id'])}|${column}`;
const byId = ({ id }: Readonly<Record<string, unknown>>): string => String(id);
const byState = ({ state_hash: hash }: Readonly<Record<string, unknown>>): string =>
  (hash as Buffer).toString('base64url');

const link = (column: string): SealedPlace => ({
  table: 'link',
  column,
  key: ['id'],
  also: { owner_id: 'owner_id' },
  place: placed(column, byId),
});
const attempt = (column: string): SealedPlace => ({
  table: 'link_attempt',
  column,
  key: ['state_hash'],
  also: { owner_id: 'owner_id' },
  place: placed(column, byState),
});

/** The encrypted grant in the JSON of a request, as text. Postgres reads and writes base64, not base64url. */
const grantInRequest = `extensions -> 'both' ->> 'hostGrant'`;
const padded = `rpad(translate(${grantInRequest}, '-_', '+/'), (length(${grantInRequest}) + 3) / 4 * 4, '=')`;
const asBytes = `decode(${padded}, 'base64')`;
const asText = `rtrim(translate(encode($1::bytea, 'base64'), E'+/\\n', '-_'), '=')`;

/** Everything that the AM stores encrypted. */
export const SEALED_PLACES: readonly SealedPlace[] = [
  signingKeyPlace(placeOfSigningKey),
  keptSecretPlace,
  link('access_token'),
  link('refresh_token'),
  attempt('verifier'),
  attempt('answer'),
  {
    table: 'host_half',
    column: 'host_grant',
    key: ['connection_id'],
    also: { owner_id: '(select c.owner_id from connection c where c.id = host_half.connection_id)' },
    place: placed('host_grant', ({ connection_id: id }) => String(id)),
  },
  {
    table: 'oauth_request',
    column: 'extensions',
    part: {
      value: asBytes,
      replaced: `jsonb_set(extensions::jsonb, '{both,hostGrant}', to_jsonb(${asText}))::json`,
    },
    key: ['hash'],
    also: { client_id: 'client_id', code_challenge: 'code_challenge' },
    // must match combined-registration.ts; no owner is known yet
    place: ({ client_id: client, code_challenge: challenge }) => `both|${String(client)}|${String(challenge)}`,
  },
];
