import type { ScopeSet } from '@chatelaine/protocol';
import type { ReplayGuard, Replayed } from './replay.ts';

/** A checked authorization request. */
export interface AuthorizationRequest {
  readonly redirectUri: string;
  readonly scope: ScopeSet;
  /** The delegable scopes a link asks for; null for a connection. PROTOCOL §2.2. */
  readonly transferScope: ScopeSet | null;
  readonly state: string | null;
  readonly codeChallenge: string;
  /**
   * Thumbprint of the DPoP key the relationship will have for life (RFC 9449 §10); null where the server binds none.
   */
  readonly jkt: string | null;
  readonly prompt: string | null;
  /** What extensions keep with it, by their names; JSON. */
  readonly extensions: Readonly<Record<string, unknown>>;
  /** The extension that answers for the resulting grant; null: the kernel, with a relationship token. */
  readonly answeredBy: string | null;
  /** Whether the client authenticated when it pushed the request. */
  readonly isAuthenticated: boolean;
}

export type ClaimOutcome =
  /**
   * `expiresAt`: until when it can be answered, epoch seconds. `form`: what {@link RequestStorage.keepForm} kept last.
   */
  | {
      readonly kind: 'claimed';
      readonly request: AuthorizationRequest;
      readonly expiresAt: number;
      /** When it was saved, epoch seconds by the database's clock. */
      readonly begunAt: number;
      readonly form: string | null;
    }
  /** Unknown, expired, of another client or browser, or already finished: the caller cannot tell which. */
  | { readonly kind: 'unknown' };

export interface NewGrant {
  readonly id: string;
  /** The owner. */
  readonly subject: string;
  readonly bucket: number;
  readonly scope: ScopeSet;
  readonly transferScope: ScopeSet | null;
  /** Epoch seconds; null: until it is ended. */
  readonly expiresAt: number | null;
}

/**
 * How a request was answered: kept in case the browser sends the same answer again, and encrypted so that only that
 * browser can read it.
 */
export interface NewAnswer {
  /** A hash of who answered and what. */
  readonly press: Buffer;
  /** Where the browser is sent. */
  readonly encrypted: Buffer;
}

export type ReadAnswer =
  | {
      readonly kind: 'answered';
      readonly redirectUri: string;
      readonly press: Buffer;
      /** Null once it is too late, or the code is used, invalidated or expired, or its grant has ended. */
      readonly encrypted: Buffer | null;
    }
  /** Not answered, answered by another browser, or no longer kept. */
  | { readonly kind: 'unknown' };

export interface RequestStorage {
  /** `full`: `atOnce` requests of this client are waiting already; a few more or fewer when many arrive at once. */
  saveRequest(input: {
    hash: Buffer;
    clientId: string;
    request: AuthorizationRequest;
    lifetimeSeconds: number;
    atOnce: number;
    guards: readonly ReplayGuard[];
  }): Promise<{ kind: 'saved' } | { kind: 'full' } | Replayed>;
  /**
   * Ties a live request to the first browser that opens it and gives it time for sign-in and consent. The same browser
   * may open it again until it is finished. RFC 9126 §4.
   */
  claimRequest(input: {
    hash: Buffer;
    clientId: string;
    browserHash: Buffer;
    lifetimeSeconds: number;
  }): Promise<ClaimOutcome>;
  /**
   * Keeps what the browser that claimed a live request had filled in, replacing what was kept before. For any other
   * request or browser it does nothing.
   */
  keepForm(input: { hash: Buffer; clientId: string; browserHash: Buffer; form: string }): Promise<void>;
  /** Finishes the request with consent: grant and code are created in the same step, or not at all. */
  issueCode(input: {
    requestHash: Buffer;
    clientId: string;
    browserHash: Buffer;
    codeHash: Buffer;
    codeLifetimeSeconds: number;
    grant: NewGrant;
    answer: NewAnswer;
  }): Promise<{ kind: 'issued'; request: AuthorizationRequest } | { kind: 'unknown' }>;
  /**
   * Finishes the request with a further code for a live grant of this client and owner, bound to the key that the
   * request names. `unknown`, and the request stays, if there is no such grant, or if the client proved who it was for
   * the grant and not for this request. Redeeming the code takes a proof by that key. PROTOCOL §2.1.
   */
  issueFurtherCode(input: {
    requestHash: Buffer;
    clientId: string;
    browserHash: Buffer;
    codeHash: Buffer;
    codeLifetimeSeconds: number;
    grant: Pick<NewGrant, 'id' | 'subject' | 'bucket'>;
    answer: NewAnswer;
  }): Promise<{ kind: 'issued'; request: AuthorizationRequest } | { kind: 'unknown' }>;
  /**
   * Creates grant and code in one step without a request: the owner consented where they are signed in, and no browser
   * is sent anywhere. The code is redeemed like any other. PROTOCOL §2.3.
   */
  grantCode(input: {
    clientId: string;
    redirectUri: string;
    codeChallenge: string;
    codeHash: Buffer;
    codeLifetimeSeconds: number;
    grant: NewGrant;
  }): Promise<void>;
  /** Finishes the request without consent; leaves no grant. */
  refuseRequest(input: {
    requestHash: Buffer;
    clientId: string;
    browserHash: Buffer;
    answer: NewAnswer;
  }): Promise<{ kind: 'refused'; request: AuthorizationRequest } | { kind: 'unknown' }>;
  /**
   * How a browser answered a request, for as long as the request would have waited. `withinSeconds`: how long the
   * answer itself can still be had.
   */
  readAnswer(input: {
    requestHash: Buffer;
    clientId: string;
    browserHash: Buffer;
    withinSeconds: number;
  }): Promise<ReadAnswer>;
}
