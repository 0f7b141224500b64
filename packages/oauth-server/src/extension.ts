import type { ErrorCode, FormParams, ScopeSet } from '@chatelaine/protocol';
import type { Client } from './client/client.ts';
import type { FetchDocument, ServerConfig } from './deps.ts';
import type { StoredGrant } from './storage.ts';
import type { Guards } from './token/guards.ts';

/**
 * What a server adds to authorization requests, and to what they lead to. The kernel knows nothing of what it means.
 *
 * An extension either keeps something with an ordinary request (`kept`), or makes a request its own (`own`): then scope
 * and key are its affair, the owner's consent makes a grant that it answers for, and code and refresh token are
 * redeemed through {@link issue}.
 */
export interface RequestExtension {
  /** Names what it keeps in a request (`request.extensions[name]`) and the grants that it answers for; stored. */
  readonly name: string;
  /**
   * Reads its parameters, after client, redirect URI and PKCE were found good. Nobody has signed in: the answer must
   * not depend on any owner. What it keeps is stored as JSON until the owner has decided; a secret in it is for the
   * extension to seal.
   */
  readonly read: (request: ExtensionRequest) => Promise<ExtensionReading>;
  /**
   * Runs when the code of a kernel's own grant was redeemed, before the answer leaves. It must not throw: the code is
   * used.
   */
  readonly redeemed?: (redemption: Redemption) => Promise<void>;
  /** Answers for the code or the refresh token of a grant of its own. */
  readonly issue?: (issue: Issue) => Promise<Readonly<Record<string, unknown>>>;
}

export interface ExtensionRequest {
  /** Plain ones come through a browser, and nobody has authenticated the client. */
  readonly way: 'pushed' | 'plain';
  readonly client: Client;
  readonly params: FormParams;
  readonly codeChallenge: string;
  /** A key that the request named or proved; null without one. */
  readonly jkt: string | null;
  /** For what has to be read because of this request: counted against whoever sent it. */
  readonly fetchDocument: FetchDocument;
}

export type ExtensionReading =
  /** None of its parameters is there. */
  | { readonly kind: 'none' }
  | { readonly kind: 'refused'; readonly error: ErrorCode; readonly message: string }
  | { readonly kind: 'kept'; readonly data: unknown }
  /** `scope`: what was asked for; empty when the request left it to the server (RFC 6749 §3.3). */
  | { readonly kind: 'own'; readonly data: unknown; readonly scope: ScopeSet };

export interface Redemption {
  readonly grant: StoredGrant;
  readonly client: Client;
  readonly verifier: string;
  readonly signal: AbortSignal;
}

/**
 * One request at the token endpoint that an extension answers: everything about client, code or refresh token, and
 * proof is checked.
 */
export interface Issue {
  readonly occasion: 'code' | 'refresh';
  readonly grant: StoredGrant;
  readonly client: Client;
  readonly params: FormParams;
  /** The grant's, or less if the request asked for less. Never empty unless the grant's is. */
  readonly scope: ScopeSet;
  /** The key of this request's proof: the grant's own, or the first that it gets. Null only for a grant without one. */
  readonly jkt: string | null;
  readonly guards: Guards;
  readonly signal: AbortSignal;
  /**
   * Uses up the code, or moves the refresh token on. Call it once, last: what fails before leaves both as they were, so
   * that the client can try again. Throws `invalid_grant` when the code was used or the grant has ended meanwhile; then
   * nothing may be handed out.
   */
  readonly commit: (handedOut: HandedOut) => Promise<Committed>;
}

/** What the answer will hold. */
export interface HandedOut {
  /** Seconds that its access token lives. */
  readonly expiresIn: number;
}

export interface Committed {
  /** In clear, when there is a new one for the client. */
  readonly refreshToken: string | undefined;
}

/** Whether clients that have no key at all are any good here: some extension answers for grants of its own. */
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

/** Lets every extension read a request. One that makes it its own is alone in it. */
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
