import { keptSecretColumn, type EncryptedColumn, signingKeyColumn } from '@chatelaine/keys';

/** The additional authenticated data for the private half of a signing key. */
export const signingKeyAad = (kid: string): string => `signing_key|${kid}`;

// must match links/link-secrets.ts
const aadFrom =
  (column: string, rowOf: (row: Readonly<Record<string, unknown>>) => string): EncryptedColumn['aad'] =>
  (row) =>
    `${rowOf(row)}|${String(row['owner_id'])}|${column}`;
const byId = ({ id }: Readonly<Record<string, unknown>>): string => String(id);
const byState = ({ state_hash: hash }: Readonly<Record<string, unknown>>): string =>
  (hash as Buffer).toString('base64url');

const link = (column: string): EncryptedColumn => ({
  table: 'link',
  column,
  key: ['id'],
  also: { owner_id: 'owner_id' },
  aad: aadFrom(column, byId),
});
const attempt = (column: string): EncryptedColumn => ({
  table: 'link_attempt',
  column,
  key: ['state_hash'],
  also: { owner_id: 'owner_id' },
  aad: aadFrom(column, byState),
});

/** The encrypted grant in the JSON of a request, as text. Postgres reads and writes base64, not base64url. */
const grantInRequest = `extensions -> 'both' ->> 'hostGrant'`;
const padded = `rpad(translate(${grantInRequest}, '-_', '+/'), (length(${grantInRequest}) + 3) / 4 * 4, '=')`;
const asBytes = `decode(${padded}, 'base64')`;
const asText = `rtrim(translate(encode($1::bytea, 'base64'), E'+/\\n', '-_'), '=')`;

/** Everything that the AM stores encrypted. */
export const ENCRYPTED_COLUMNS: readonly EncryptedColumn[] = [
  signingKeyColumn(signingKeyAad),
  keptSecretColumn,
  link('access_token'),
  link('refresh_token'),
  attempt('verifier'),
  attempt('answer'),
  {
    table: 'host_half',
    column: 'host_grant',
    key: ['connection_id'],
    also: { owner_id: '(select c.owner_id from connection c where c.id = host_half.connection_id)' },
    aad: aadFrom('host_grant', ({ connection_id: id }) => String(id)),
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
    aad: ({ client_id: client, code_challenge: challenge }) => `both|${String(client)}|${String(challenge)}`,
  },
];
