import {
  parseIssuer,
  type ResourceMetadata,
  type Schemes,
  type ServerMetadata,
  SIGNING_ALGS,
} from '@chatelaine/protocol';
import { GRANT } from '@chatelaine/protocol';

/** What the server is to this client; it decides which features are required. */
export type ServerRole = 'am' | 'host';

/** The endpoints that a client calls or opens in a browser. Each must be on the issuer's own origin. PROTOCOL §2.2. */
const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'pushed_authorization_request_endpoint',
  'revocation_endpoint',
  'registration_endpoint',
  'introspection_endpoint',
  'chatelaine_targets_endpoint',
  'chatelaine_refusals_endpoint',
  'chatelaine_transfers_endpoint',
] as const;

/**
 * The first endpoint that is not on the issuer's own origin, or null. Otherwise a server could collect credentials that
 * are meant for another.
 */
export function foreignEndpoint(metadata: ServerMetadata): string | null {
  return ENDPOINTS.find((name) => !ownUrl(metadata.issuer, metadata[name])) ?? null;
}

function ownUrl(origin: string, url: string | undefined): boolean {
  if (url === undefined) return true;
  const parsed = URL.parse(url);
  return (
    parsed !== null &&
    parsed.origin === origin &&
    parsed.username === '' &&
    parsed.password === '' &&
    !url.includes('#')
  );
}

/** The required features that the server lacks, in words; empty if it has all of them. */
export function missingFeatures(metadata: ServerMetadata, role: ServerRole): string[] {
  const wanted = role === 'host' ? [...EVERY_SERVER, ...EVERY_HOST] : [...EVERY_SERVER, ...EVERY_AM];
  return wanted.filter(([, has]) => !has(metadata)).map(([name]) => name);
}

type Feature = readonly [name: string, has: (metadata: ServerMetadata) => boolean];

const listed = (list: readonly string[] | undefined, value: string): boolean => list?.includes(value) === true;
const ourAlg = (list: readonly string[] | undefined): boolean => SIGNING_ALGS.some((alg) => listed(list, alg));

const EVERY_SERVER: readonly Feature[] = [
  ['the authorization code flow', (m) => listed(m.response_types_supported, 'code')],
  ['PKCE with S256', (m) => listed(m.code_challenge_methods_supported, 'S256')],
  ['pushed authorization requests', (m) => m.pushed_authorization_request_endpoint !== undefined],
  ['the issuer in its authorization answers', (m) => m.authorization_response_iss_parameter_supported === true],
  ['token exchange', (m) => listed(m.grant_types_supported, GRANT.tokenExchange)],
  ['refresh tokens', (m) => listed(m.grant_types_supported, GRANT.refreshToken)],
  ['token revocation', (m) => m.revocation_endpoint !== undefined],
  ['DPoP with ES256 or EdDSA', (m) => ourAlg(m.dpop_signing_alg_values_supported)],
];

const EVERY_HOST: readonly Feature[] = [
  [
    'client authentication by private_key_jwt',
    (m) => listed(m.token_endpoint_auth_methods_supported, 'private_key_jwt'),
  ],
  ['client assertions with ES256 or EdDSA', (m) => ourAlg(m.token_endpoint_auth_signing_alg_values_supported)],
  ['client documents', (m) => m.client_id_metadata_document_supported === true],
  ['a list of its protected resources', (m) => (m.protected_resources ?? []).length > 0],
];

const EVERY_AM: readonly Feature[] = [
  ['a list of targets', (m) => m.chatelaine_targets_endpoint !== undefined],
  [
    'a way for clients to register',
    (m) => m.client_id_metadata_document_supported === true || m.registration_endpoint !== undefined,
  ],
];

/**
 * Whether the metadata is that of the resource which the Host listed, on the Host's own origin, with the Host among its
 * authorization servers. RFC 9728 §3.3, PROTOCOL §2.2.
 */
export function isOwnResource(metadata: ResourceMetadata, resource: string, issuer: string): boolean {
  const served = metadata.authorization_servers;
  return (
    metadata.resource === resource && ownUrl(issuer, resource) && (served === undefined || served.includes(issuer))
  );
}

/**
 * Whether requests to the issuer go over http, which only a demo's `schemes` allow; oauth4webapi refuses http unless
 * told.
 */
export function isInsecure(issuer: string, schemes: Schemes): boolean {
  return parseIssuer(issuer, schemes) !== null && issuer.startsWith('http:');
}
