import { hostTag, publicJwks, type SigningKey } from '@chatelaine/crypto';
import { type ClientDocument, GRANT, TRANSFER_SCOPE } from '@chatelaine/protocol';

/** The AM's client id at a Host: a pure function of both issuers. PROTOCOL §2.2. */
export function linkClientId(amIssuer: string, hostIssuer: string): string {
  return `${amIssuer}/clients/${hostTag(hostIssuer)}`;
}

/**
 * The redirect URI of the AM for one Host. Each Host has its own, so that the answer of one is never taken for
 * another's. PROTOCOL §2.2.
 */
export function linkRedirectUri(amIssuer: string, hostIssuer: string): string {
  return `${amIssuer}/callback/${hostTag(hostIssuer)}`;
}

export interface LinkClientInput {
  readonly amIssuer: string;
  /** `hostTag(<Host issuer>)`. The document is served for any tag, so the AM keeps no state for it. */
  readonly tag: string;
  /** The AM's name, for the Host's consent page. */
  readonly name: string;
  readonly jwksUri: string;
}

/** The AM's client document for one Host. PROTOCOL §2.2. */
export function linkClientDocument({ amIssuer, tag, name, jwksUri }: LinkClientInput): ClientDocument {
  return {
    client_id: `${amIssuer}/clients/${tag}`,
    client_name: name,
    client_uri: amIssuer,
    redirect_uris: [`${amIssuer}/callback/${tag}`],
    ...chainMetadata,
    token_endpoint_auth_method: 'private_key_jwt',
    jwks_uri: jwksUri,
    chatelaine_issuer: amIssuer,
  };
}

/** Where the Requester's public keys are found. With `none`, nothing but its DPoP-bound tokens authenticates it. */
export type PublishedKeys =
  | { readonly kind: 'none' }
  | { readonly kind: 'jwks_uri'; readonly uri: string }
  /** In the registration itself, for a Requester without a public URL. */
  | { readonly kind: 'jwks'; readonly keys: readonly SigningKey[] };

export interface RequesterClientInput {
  /** The URL the document is served at. */
  readonly clientId: string;
  readonly name: string;
  readonly uri?: string;
  /** URL of a picture. RFC 7591 §2, `logo_uri`. */
  readonly logoUri?: string;
  readonly redirectUris: readonly string[];
  readonly keys: PublishedKeys;
  /** URLs of the terms documents that the Requester accepts. PROTOCOL §10.3. */
  readonly terms?: readonly string[];
  /** If the Requester is also a Host: its issuer as one. PROTOCOL §2.3. */
  readonly host?: string;
}

/** A Requester's client document. PROTOCOL §2.1. */
export function requesterClientDocument(input: RequesterClientInput): ClientDocument {
  const host = input.host === undefined ? {} : { chatelaine_host: input.host };
  return { client_id: input.clientId, ...requesterClientMetadata(input), ...host };
}

/** The same without `client_id`, for a Requester that registers because it has no public URL. RFC 7591 §2. */
export function requesterClientMetadata(
  input: Omit<RequesterClientInput, 'clientId' | 'host'>,
): Omit<ClientDocument, 'client_id'> {
  return {
    client_name: input.name,
    ...(input.uri === undefined ? {} : { client_uri: input.uri }),
    ...(input.logoUri === undefined ? {} : { logo_uri: input.logoUri }),
    redirect_uris: [...input.redirectUris],
    ...chainMetadata,
    // a Requester may poll with a code until the owner has answered (PROTOCOL §3.7); the AM at a Host never does
    grant_types: [...chainMetadata.grant_types, GRANT.deferred],
    ...keyMembers(input.keys),
    ...(input.terms === undefined ? {} : { chatelaine_terms: [...input.terms] }),
    dpop_bound_access_tokens: true,
  };
}

function keyMembers(keys: PublishedKeys): Partial<ClientDocument> {
  switch (keys.kind) {
    case 'none':
      return { token_endpoint_auth_method: 'none' };
    case 'jwks_uri':
      return { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: keys.uri };
    case 'jwks': {
      const jwks = { keys: publicJwks(keys.keys).keys.map((key) => ({ ...key })) };
      return { token_endpoint_auth_method: 'private_key_jwt', jwks };
    }
  }
}

const chainMetadata = {
  grant_types: [GRANT.authorizationCode, GRANT.refreshToken, GRANT.tokenExchange],
  response_types: ['code'],
  scope: TRANSFER_SCOPE,
} satisfies Partial<ClientDocument>;
