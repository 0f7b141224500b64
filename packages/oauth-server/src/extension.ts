import type { ErrorCode, FormParams, ScopeSet } from '@chatelaine/protocol';
import type { Client } from './client/client.ts';
import type { FetchDocument, ServerConfig } from './deps.ts';
import type { StoredGrant } from './storage.ts';
import type { Guards } from './token/guards.ts';

/**
 * What a server adds to authorization requests and to what follows from them. The kernel does not know what it means.
 *
 * An extension either keeps something with an ordinary request (`kept`), or takes a request over (`own`). Then scope
 * and key are its business, the owner's consent creates a grant that it answers for, and code and refresh token are
 * redeemed through {@link issue}.
 */
export interface RequestExtension {
  /** Identifies what it keeps in a request (`request.extensions[name]`) and the grants it answers for; stored. */
  readonly name: string;
  /**
   * Reads its parameters, after client, redirect URI and PKCE have been checked. Nobody has signed in: the answer must
   * not depend on any owner. What it keeps is stored as JSON until the owner has decided; it has to encrypt any secret
   * in it.
   */
  readonly read: (request: ExtensionRequest) => Promise<ExtensionReading>;
  /**
   * Runs when the code of one of the kernel's own grants was redeemed, before the answer leaves. It must not throw: the
   * code is used.
   */
  readonly redeemed?: (redemption: Redemption) => Promise<void>;
  /** Redeems the code or refresh token of one of its own grants. */
  readonly issue?: (issue: Issue) => Promise<Readonly<Record<string, unknown>>>;
}

export interface ExtensionRequest {
  /** Plain requests come through a browser, and the client is not authenticated. */
  readonly way: 'pushed' | 'plain';
  readonly client: Client;
  readonly params: FormParams;
  readonly codeChallenge: string;
  /** The key that the request named or proved; null without one. */
  readonly jkt: string | null;
  /** For what has to be read because of this request: counted against whoever sent it. */
  readonly fetchDocument: FetchDocument;
}

export type ExtensionReading =
  /** The request has none of its parameters. */
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly error: ErrorCode; readonly message: string }
  | { readonly kind: 'kept'; readonly data: unknown }
  /** `scope`: the requested scope; empty if the request left it to the server (RFC 6749 §3.3). */
  | { readonly kind: 'own'; readonly data: unknown; readonly scope: ScopeSet };

export interface Redemption {
  readonly grant: StoredGrant;
  readonly client: Client;
  readonly verifier: string;
  readonly signal: AbortSignal;
}

/** One token request that an extension answers. Client, proof, and code or refresh token have been checked. */
export interface Issue {
  readonly occasion: 'code' | 'refresh';
  readonly grant: StoredGrant;
  readonly client: Client;
  readonly params: FormParams;
  /** The grant's scope, or the part the request asked for. Empty only if the grant's is. */
  readonly scope: ScopeSet;
  /** The key of this request's proof: the grant's own, or the first it gets. Null only for a grant without one. */
  readonly jkt: string | null;
  readonly guards: Guards;
  readonly signal: AbortSignal;
  /**
   * Uses up the code, or moves the refresh token on. Call it once, last: a failure before it leaves both as they were,
   * so that the client can try again. Throws `invalid_grant` if the code was used or the grant has ended meanwhile;
   * then nothing may be handed out.
   */
  readonly commit: (handedOut: HandedOut) => Promise<Committed>;
}

/** Values for the answer. */
export interface HandedOut {
  /** Lifetime of the access token in seconds. */
  readonly expiresIn: number;
}

export interface Committed {
  /** In clear, if there is a new one for the client. */
  readonly refreshToken: string | undefined;
}

/** Whether clients without any key can use this server at all: some extension answers for its own grants. */
export function takesPlainClients({ extensions = [] }: Pick<ServerConfig, 'extensions'>): boolean {
  return extensions.some(({ issue }) => issue !== undefined);
}

/** The extension that answers for a grant, or null: the kernel, or one that this server no longer has. */
export function answererOf(
  { extensions = [] }: Pick<ServerConfig, 'extensions'>,
  { answeredBy }: Pick<StoredGrant, 'answeredBy'>,
): NonNullable<RequestExtension['issue']> | null {
  return extensions.find(({ name }) => name === answeredBy)?.issue ?? null;
}

export type ReadExtensions =
  | { readonly kind: 'refused'; readonly error: ErrorCode; readonly message: string }
  | { readonly kind: 'ordinary'; readonly extensions: Readonly<Record<string, unknown>> }
  | {
      readonly kind: 'own';
      readonly answeredBy: string;
      readonly extensions: Readonly<Record<string, unknown>>;
      readonly scope: ScopeSet;
    };

/** Lets every extension read a request. One that takes it over must be the only one that has something in it. */
export async function readExtensions(
  { extensions = [] }: Pick<ServerConfig, 'extensions'>,
  request: ExtensionRequest,
): Promise<ReadExtensions> {
  const kept: Record<string, unknown> = {};
  let own: { answeredBy: string; scope: ScopeSet } | null = null;
  for (const { name, read } of extensions) {
    const reading = await read(request);
    if (reading.kind === 'none') continue;
    if (reading.kind === 'refused') return reading;
    if (own !== null || (reading.kind === 'own' && Object.keys(kept).length > 0)) return MIXED;
    kept[name] = reading.data;
    if (reading.kind === 'own') own = { answeredBy: name, scope: reading.scope };
  }
  return own === null ? { kind: 'ordinary', extensions: kept } : { kind: 'own', ...own, extensions: kept };
}

const MIXED: ReadExtensions = {
  kind: 'refused',
  error: 'invalid_request',
  message: 'The request asks for two things that cannot be had together.',
};
