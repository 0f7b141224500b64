import type { SigningKey, SigningKeys, Vault } from '@chatelaine/crypto';
import type { DiscoveryCache } from '@chatelaine/oauth-client';
import type { Outbound } from '@chatelaine/outbound-http';
import type { Clock, Schemes, Want } from '@chatelaine/protocol';
import type { Background } from './background.ts';
import type { RegistrationStore, RequesterStore } from './requester-store.ts';
import type { TermsPolicy } from './terms-policy.ts';
import type { TokenCache } from './token-cache.ts';

/** How AMs identify the app. */
export type Registration =
  /** The app serves `clientMetadata()` at this URL, which is its client id. */
  | { readonly kind: 'document'; readonly clientId: string; readonly jwksUri?: string }
  /** The app has no public URL and registers at each AM. RFC 7591. */
  | { readonly kind: 'dynamic'; readonly store: RegistrationStore };

/** What {@link createRequester} needs: who the app is, where it keeps things, and its outbound client. */
export interface RequesterOptions {
  /** The app's name on consent pages. */
  readonly name: string;
  /** The app's home page, as owners see it on consent pages. RFC 7591 §2, `client_uri`. */
  readonly uri?: string;
  /**
   * URL of the app's icon: a PNG, JPEG, WebP or GIF of at most 256 KB and 2048 pixels each way, square at best. The AM
   * fetches it and shows a copy, so an app without a public URL may name one elsewhere. RFC 7591 §2, `logo_uri`.
   */
  readonly logoUri?: string;
  readonly redirectUri: string;
  readonly registration: Registration;
  /** If the app is also a Host: that Host's issuer, which its client document then names. PROTOCOL §2.3. */
  readonly host?: string;
  /**
   * With it, the app authenticates by private_key_jwt; without it, only by the key of each connection. Keys that are
   * rotated need a `jwksUri`: a registration is not repeated.
   */
  readonly signingKey?: SigningKey | SigningKeys;
  /**
   * `send`, the default: if the AM passes it on, the app states by its published keys which key is its own; some Hosts
   * demand that. PROTOCOL §3.6.
   */
  readonly requesterStatement?: 'send' | 'omit';
  /**
   * Which terms the app signs if an owner proffers some. Without it: none, and an owner who demands terms gives it
   * nothing. PROTOCOL §10.
   */
  readonly terms?: TermsPolicy;
  /**
   * What the app would like to ask for, as owners see it when they decide; {@link ConnectInput} may name something
   * else. PROTOCOL §2.4.
   */
  readonly wants?: readonly Want[];
  readonly store: RequesterStore;
  /** Encrypts what goes into the store. Its key must not come from the store. */
  readonly vault: Pick<Vault, 'encrypt' | 'decrypt'>;
  /** The outbound HTTP client, with its SSRF checks. */
  readonly outbound: Pick<Outbound, 'fetch' | 'fetchJson' | 'stream'>;
  /** By default the system's clock. */
  readonly clock?: Clock;
  /** By default `https` alone. */
  readonly schemes?: Schemes;
}

/** The options with their defaults, and what the parts of the kit share. */
export interface Kit extends Omit<RequesterOptions, 'clock' | 'schemes'> {
  readonly clock: Clock;
  readonly schemes: Schemes;
  readonly discovery: DiscoveryCache;
  readonly tokens: TokenCache;
  /** Token renewals that nobody waits for. */
  readonly background: Background;
  /** Runs one task per key at a time; callers that arrive meanwhile share its outcome. */
  readonly share: <T>(key: string, task: () => Promise<T>) => Promise<T>;
}
