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
  /** What extensions keep of it, by their names; JSON. */
  readonly extensions: Readonly<Record<string, unknown>>;
  /** The extension that answers for the grant it leads to; null: the kernel, with a relationship token. */
  readonly answeredBy: string | null;
  /** The client authenticated when it pushed it. */
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
  /** Unknown, expired, of another client, of another browser, or already finished: nothing tells them apart. */
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
 * How a request was answered: kept for the browser that sent the answer twice, sealed so that only it can have it
 * again.
 */
export interface NewAnswer {
  /** A hash of who answered, and what. */
  readonly press: Buffer;
  /** Where the browser is sent. */
  readonly sealed: Buffer;
}

export type ReadAnswer =
  | {
      readonly kind: 'answered';
      readonly redirectUri: string;
      readonly press: Buffer;
      /** Null once it is too late, or the code is used, spoiled, expired, or its grant has ended. */
      readonly sealed: Buffer | null;
    }
  /** Not answered, or by another browser, or the request's time is over. */
  | { readonly kind: 'unknown' };

export interface RequestStorage {
  /**
   * `full`: as many requests of this client as may be, `atOnce`, are waiting already, a few more or less when many come
   * at once.
   */
  saveRequest(input: {
    hash: Buffer;
    clientId: string;
    request: AuthorizationRequest;
    lifetimeSeconds: number;
    atOnce: number;
    guards: readonly ReplayGuard[];
  }): Promise<{ kind: 'saved' } | { kind: 'full' } | Replayed>;
  /**
   * Ties a live request to the first browser that opens it and gives it time for sign-in and consent; the same browser
   * may open it again until it is finished. RFC 9126 §4.
   */
  claimRequest(input: {
    hash: Buffer;
    clientId: string;
    browserHash: Buffer;
    lifetimeSeconds: number;
  }): Promise<ClaimOutcome>;
  /**
   * Keeps with a live request what the browser that claimed it had filled in, in the place of what was kept before; for
   * any other request or browser nothing.
   */
  keepForm(input: { hash: Buffer; clientId: string; browserHash: Buffer; form: string }): Promise<void>;
  /** Finishes the request with consent: grant and code appear in the same step, or not at all. */
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
   * Finishes the request with a further code for a live grant of this client and owner, which is bound to the key that
   * the request names; `unknown`, and the request stays, where it is not, or where the client proved who it was for the
   * grant and not for this request. Whoever redeems the code proves that key. PROTOCOL §2.1.
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
   * Makes grant and code in one step without a request: the owner consented where they are signed in, and no browser is
   * sent anywhere. The code is redeemed like any other. PROTOCOL §2.3.
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
   * How a browser answered a request, as long as the request would have waited; `withinSeconds`: how long the answer
   * itself is still to be had.
   */
  readAnswer(input: {
    requestHash: Buffer;
    clientId: string;
    browserHash: Buffer;
    withinSeconds: number;
  }): Promise<ReadAnswer>;
}
