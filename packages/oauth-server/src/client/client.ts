import type { Jwks } from '@chatelaine/crypto';
import { isLoopbackHost, type Issuer, type ScopeSet, type Want } from '@chatelaine/protocol';
import { SECRET_METHODS, type SecretMethod } from './auth-method.ts';

/** Where a client's public keys are. */
export type ClientKeys =
  /** Checked with the rest of its metadata, once for as long as both are cached. */
  { readonly kind: 'inline'; readonly jwks: Jwks } | { readonly kind: 'uri'; readonly uri: string };

/** A client as this server will treat it: its metadata after checks, with this server's own values where they win. */
export interface Client {
  readonly id: string;
  /** `document`: its id is the URL of a document that says what it is; `registered`: it told us itself (RFC 7591). */
  readonly source: 'document' | 'registered';
  /** The name it gives itself, which nobody has verified; without one, what identifies it ({@link nameWithout}). */
  readonly name: string;
  /** Whether the client chose the name itself. */
  readonly isNamed: boolean;
  readonly uri: string | null;
  /**
   * Its other descriptive metadata. Never fetched by the kernel, but part of what the owner agrees to: it must not
   * change behind the page.
   */
  readonly logoUri: string | null;
  readonly termsUri: string | null;
  readonly policyUri: string | null;
  readonly redirectUris: readonly string[];
  readonly grantTypes: readonly string[];
  readonly scope: ScopeSet;
  readonly authMethod: 'none' | 'private_key_jwt' | SecretMethod;
  /** SHA-256; only for a client with a secret. */
  readonly secretHash: Buffer | null;
  readonly keys: ClientKeys | null;
  /** It declares that it always sends a DPoP proof. RFC 9449 §5.2. */
  readonly dpopBound: boolean;
  /** In an AM's document for one Host: the issuer it names. PROTOCOL §2.2. */
  readonly issuer: Issuer | null;
  /** In the document of a Requester that is also a Host: that Host's issuer. PROTOCOL §2.3. */
  readonly host: Issuer | null;
  /** URLs of terms documents it says it accepts: a hint for the owner, not an acceptance. PROTOCOL §10.3. */
  readonly acceptsTerms: readonly string[];
  /** What it would like to ask for: a hint for the owner's page, not a request. PROTOCOL §2.4. */
  readonly wants: readonly Want[];
}

/** The longest a name may be. */
const NAME_CHARS = 100;

/**
 * What a client without a name is called: the site of its document or, where it registered itself, the site that this
 * request's answer goes to. Never its `client_uri`, which is as much its own claim as a name.
 */
export function nameWithout({ id, source }: Pick<Client, 'id' | 'source'>, redirectUri: string): string {
  const { hostname, host } = new URL(source === 'document' ? id : redirectUri);
  // a program listens on a different port each time
  return (isLoopbackHost(hostname) ? hostname : host).slice(0, NAME_CHARS);
}

/** The client as the owner is shown it for a request that is answered there. */
export function shownAs(client: Client, redirectUri: string): Client {
  return client.isNamed ? client : { ...client, name: nameWithout(client, redirectUri) };
}

/** Whether a request of this client proves that it is the client's. */
export function isProven({ authMethod }: Pick<Client, 'authMethod'>): boolean {
  return authMethod !== 'none';
}

/** Whether it registered with a secret: then it may only use grants that an extension answers for. */
export function hasSecret({ authMethod }: Pick<Client, 'authMethod'>): boolean {
  return SECRET_METHODS.some((method) => method === authMethod);
}
