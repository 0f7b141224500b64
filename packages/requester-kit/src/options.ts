import type { SigningKey, SigningKeys, Vault } from '@chatelaine/crypto';
import type { DiscoveryCache } from '@chatelaine/oauth-client';
import type { Outbound } from '@chatelaine/outbound-http';
import type { Clock, Schemes, Want } from '@chatelaine/protocol';
import type { Background } from './background.ts';
import type { RegistrationStore, RequesterStore } from './requester-store.ts';
import type { TermsPolicy } from './terms-policy.ts';
import type { TokenCache } from './token-cache.ts';

/** How AMs get to know the app. */
export type Registration =
  /** The app serves `clientMetadata()` at this URL; the URL is its client id. */
  | { readonly kind: 'document'; readonly clientId: string; readonly jwksUri?: string }
  /** The app has no public URL: it registers at each AM. RFC 7591. */
  | { readonly kind: 'dynamic'; readonly store: RegistrationStore };

/** What an app is made a Requester of: who it is, where it keeps things, and by what it requests them. */
export interface RequesterOptions {
  /** How owners see the app on consent pages. */
  readonly name: string;
  readonly uri?: string;
  readonly redirectUri: string;
  readonly registration: Registration;
  /** The issuer of the Host that the app is, too, when it is one: its client document then says so. PROTOCOL §2.3. */
  readonly host?: string;
  /**
   * With it the app authenticates by private_key_jwt; without, by the key of each connection alone. Keys that change
   * over time need a `jwksUri`: what was registered is not registered again.
   */
  readonly signingKey?: SigningKey | SigningKeys;
  /**
   * `send`, the default: where the AM passes it on, the app says itself which key is its own, by its published keys;
   * some Hosts demand that. PROTOCOL §3.6.
   */
  readonly requesterStatement?: 'send' | 'omit';
  /**
   * Which terms the app signs, when an owner proffers some. Without it: none; whoever demands some gives it nothing.
   * PROTOCOL §10.
   */
  readonly terms?: TermsPolicy;
  /**
   * What the app would like to ask for, as owners see it where they decide; {@link ConnectInput} may name something
   * else. PROTOCOL §2.4.
   */
  readonly wants?: readonly Want[];
  readonly store: RequesterStore;
  /** Seals what goes into the store; its key comes from outside the store. */
  readonly vault: Pick<Vault, 'seal' | 'open'>;
  /** The outbound client, with its guard. */
  readonly outbound: Pick<Outbound, 'fetch' | 'fetchJson' | 'stream'>;
  /** The system's clock by default. */
  readonly clock?: Clock;
  /** `https` alone by default. */
  readonly schemes?: Schemes;
}

/** The options with their defaults and what the parts of the kit share. */
export interface Kit extends Omit<RequesterOptions, 'clock' | 'schemes'> {
  readonly clock: Clock;
  readonly schemes: Schemes;
  readonly discovery: DiscoveryCache;
  readonly tokens: TokenCache;
  /** Renewals that nobody waits for. */
  readonly background: Background;
  /** Runs one task per key at a time; whoever comes meanwhile shares its outcome. */
  readonly share: <T>(key: string, task: () => Promise<T>) => Promise<T>;
}
