import type { ApiOperation, Clock, Issuer, ResourceUrl, Schemes, ScopeSet } from '@chatelaine/protocol';
import type { Client } from './client/client.ts';
import type { RequestExtension } from './extension.ts';
import type { OAuthStorage, StoredGrant } from './storage.ts';
import type { Grant } from './token/grant.ts';

/** How this server differs from another that runs the same kernel. */
export interface ServerConfig {
  readonly issuer: Issuer;
  /** The name people know it by. */
  readonly name: string;
  readonly schemes: Schemes;
  /** The kind of its relationship tokens: an AM issues connection tokens, a Host link tokens. */
  readonly accessTokenKind: 'ct' | 'lt';
  /**
   * The scopes an owner can delegate through an AM, with a sentence each; null at an AM, which has none of its own.
   * PROTOCOL §2.2.
   */
  readonly transferScopes: Readonly<Record<string, string>> | null;
  /** Whether strangers may register (RFC 7591). */
  readonly registration: 'open' | 'closed';
  /**
   * Whether a client may be identified by the document at its id; `none` where nothing can be fetched. `read` by
   * default.
   */
  readonly clientDocuments?: 'read' | 'none';
  /** Whether authorization requests must be pushed (RFC 9126 §4). */
  readonly pushedRequests: 'required' | 'accepted';
  /**
   * `bound`: relationship tokens are bound to a DPoP key. `keyed`: they are usable only with the client's own
   * authentication.
   */
  readonly relationshipTokens: 'bound' | 'keyed';
  /** The part of a link's ceiling that is available now; by default all of it. If it throws, the answer is 503. */
  readonly ceilingNow?: (grant: StoredGrant) => Promise<ScopeSet>;
  /** Protected resources of a Host. */
  readonly resources: readonly ResourceUrl[];
  /** Grants besides code and refresh token. */
  readonly grants: readonly Grant[];
  /** What this server adds to authorization requests. */
  readonly extensions?: readonly RequestExtension[];
  /** Checks a client id before anything is fetched for it: a sentence that refuses it, or null. */
  readonly admitClientId?: (clientId: string) => string | null;
  /** Checks a client after the general checks: a sentence for its developer that refuses it, or null. */
  readonly admitClient?: (client: Client) => string | null;
  /** Operations besides the kernel's own, for the OpenAPI document. */
  readonly operations?: readonly ApiOperation[];
  /** Members added to the server metadata. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Reads a public JSON document under the SSRF policy. */
export type FetchDocument = (url: string) => Promise<
  | {
      readonly kind: 'ok';
      readonly json: unknown;
      readonly freshForSeconds: number;
      /**
       * False if the source that caused the fetch has had enough stored: then the document is cached for seconds only.
       */
      readonly mayBeStored?: boolean;
    }
  | { readonly kind: 'failed'; readonly reason: string }
>;

/** Events for operators and audits; ids and outcomes only. */
export type ServerEvent =
  | { readonly event: 'client_authentication_failed'; readonly clientId: string; readonly reason: string }
  | { readonly event: 'code_reused'; readonly clientId: string; readonly grantId: string }
  | { readonly event: 'refresh_token_reused'; readonly clientId: string; readonly grantId: string }
  | { readonly event: 'foreign_token'; readonly clientId: string; readonly ownerOfToken: string }
  /**
   * An AM relayed a transfer that the Requester's own statement does not support: either made a mistake, or the AM
   * names a key of its own. PROTOCOL §3.6.
   */
  | {
      readonly event: 'requester_statement_refused';
      readonly clientId: string;
      readonly requesterId: string;
      readonly reason: string;
    }
  | { readonly event: 'replayed'; readonly clientId: string; readonly guard: string }
  | { readonly event: 'grant_ended'; readonly grantId: string; readonly subject: string; readonly clientId: string };

/** The keys that successors of refresh tokens are derived with, each identified by a number. */
export interface SuccessorKeys {
  readonly current: { readonly id: number; readonly key: Uint8Array };
  /** Null if it is no longer kept. */
  find(id: number): Promise<Uint8Array | null>;
}

export interface ServerDeps {
  readonly config: ServerConfig;
  readonly storage: OAuthStorage;
  readonly fetchDocument: FetchDocument;
  readonly clock: Clock;
  readonly emit: (event: ServerEvent) => void;
  /** Needed if an extension answers for grants of clients without a key: their refresh tokens are rotated. */
  readonly successorKeys?: SuccessorKeys;
  /** Called when a client has proved who it is, by a key or a secret: for counting refusals. */
  readonly authenticated?: () => void;
}
