import type { Jwks } from '@chatelaine/crypto';
import { isLoopbackHost, type Issuer, type ScopeSet, type Want } from '@chatelaine/protocol';
import { SECRET_METHODS, type SecretMethod } from './auth-method.ts';

/** Where a client's public keys are. */
export type ClientKeys =
  /** Checked with the rest of its metadata, once for as long as that is kept. */
  { readonly kind: 'inline'; readonly jwks: Jwks } | { readonly kind: 'uri'; readonly uri: string };

/** A client as this server will treat it: its metadata after checks, with this server's own values where they win. */
export interface Client {
  readonly id: string;
  /** `document`: its id is the URL of a document that says what it is; `registered`: it told us itself (RFC 7591). */
  readonly source: 'document' | 'registered';
  /**
   * What it calls itself, which nobody has verified; where it gives no name, what tells it apart ({@link nameWithout}).
   */
  readonly name: string;
  /** Whether the name is its own word. */
  readonly isNamed: boolean;
  readonly uri: string | null;
  /**
   * What else it says of itself; never fetched, and shown nowhere, but what its owner agrees to must not change behind
   * the page.
   */
  readonly logoUri: string | null;
  readonly termsUri: string | null;
  readonly policyUri: string | null;
  readonly redirectUris: readonly string[];
  readonly grantTypes: readonly string[];
  readonly scope: ScopeSet;
  readonly authMethod: 'none' | 'private_key_jwt' | SecretMethod;
  /** SHA-256; there for a client with a secret only. */
  readonly secretHash: Buffer | null;
  readonly keys: ClientKeys | null;
  /** It says that it always sends a DPoP proof. RFC 9449 §5.2. */
  readonly dpopBound: boolean;
  /** In an AM's document for one Host: the issuer it names. PROTOCOL §2.2. */
  readonly issuer: Issuer | null;
  /** In the document of a Requester that is a Host, too: that Host's issuer. PROTOCOL §2.3. */
  readonly host: Issuer | null;
  /** Addresses of terms documents that it says it accepts: a hint for its owner, and no acceptance. PROTOCOL §10.3. */
  readonly acceptsTerms: readonly string[];
  /** What it says that it would like to ask for: a hint for its owner's page, and no request. PROTOCOL §2.4. */
  readonly wants: readonly Want[];
}

/** As long as a name may be. */
const NAME_CHARS = 100;

/**
 * What a client without a name is called: the site of its document, or, where it registered itself, the one that this
 * request's answer goes to. Never what it says of itself besides: a page that it calls its own is as much its own word
 * as a name.
 */
export function nameWithout({ id, source }: Pick<Client, 'id' | 'source'>, redirectUri: string): string {
  const { hostname, host } = new URL(source === 'document' ? id : redirectUri);
  // a program listens on another port each time
  return (isLoopbackHost(hostname) ? hostname : host).slice(0, NAME_CHARS);
}

/** The client as its owner is shown it when it asks for the answer to go there. */
export function shownAs(client: Client, redirectUri: string): Client {
  return client.isNamed ? client : { ...client, name: nameWithout(client, redirectUri) };
}

/** Whether a request of this client proves that it is the client's. */
export function isProven({ authMethod }: Pick<Client, 'authMethod'>): boolean {
  return authMethod !== 'none';
}

/**
 * Whether it registered with a secret: then it is good for grants that an extension answers for, and for nothing else.
 */
export function hasSecret({ authMethod }: Pick<Client, 'authMethod'>): boolean {
  return SECRET_METHODS.some((method) => method === authMethod);
}
