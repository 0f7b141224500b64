import { hostTag, publicJwks, type SigningKey } from '@chatelaine/crypto';
import { type ClientDocument, GRANT, TRANSFER_SCOPE } from '@chatelaine/protocol';

/** The AM's client id at a Host: a pure function of both issuers. PROTOCOL §2.2. */
export function linkClientId(amIssuer: string, hostIssuer: string): string {
  return `${amIssuer}/clients/${hostTag(hostIssuer)}`;
}

/**
 * Where the Host sends the browser back to. One per Host, so that no Host's answer is ever taken for another's.
 * PROTOCOL §2.2.
 */
export function linkRedirectUri(amIssuer: string, hostIssuer: string): string {
  return `${amIssuer}/callback/${hostTag(hostIssuer)}`;
}

export interface LinkClientInput {
  readonly amIssuer: string;
  /** `hostTag(<Host issuer>)`: the document is served for any tag, without state. */
  readonly tag: string;
  /** How the AM is called on the Host's consent page. */
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

/** Where a Requester's keys are read. Without any it authenticates by its bound tokens alone. */
export type PublishedKeys =
  | { readonly kind: 'none' }
  | { readonly kind: 'jwks_uri'; readonly uri: string }
  /** In the registration itself: for a Requester without a public URL. */
  | { readonly kind: 'jwks'; readonly keys: readonly SigningKey[] };

export interface RequesterClientInput {
  /** The URL the document is served at. */
  readonly clientId: string;
  readonly name: string;
  readonly uri?: string;
  readonly redirectUris: readonly string[];
  readonly keys: PublishedKeys;
  /** Addresses of terms documents that it accepts. PROTOCOL §10.3. */
  readonly terms?: readonly string[];
  /** The issuer of the Host that it is, too. PROTOCOL §2.3. */
  readonly host?: string;
}

/** A Requester's client document. PROTOCOL §2.1. */
export function requesterClientDocument(input: RequesterClientInput): ClientDocument {
  const host = input.host === undefined ? {} : { chatelaine_host: input.host };
  return { client_id: input.clientId, ...requesterClientMetadata(input), ...host };
}

/** The same without an id, to register where the Requester has no public URL. RFC 7591 §2. */
export function requesterClientMetadata(
  input: Omit<RequesterClientInput, 'clientId' | 'host'>,
): Omit<ClientDocument, 'client_id'> {
  return {
    client_name: input.name,
    ...(input.uri === undefined ? {} : { client_uri: input.uri }),
    redirect_uris: [...input.redirectUris],
    ...chainMetadata,
    // it may wait for the owner with a code (PROTOCOL §3.7); a link never does
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
