/**
 * Where a Requester keeps what it must not lose. Secrets arrive sealed (AES-256-GCM, bound to row and owner); a store
 * sees none in clear. Every method is one atomic step; expected outcomes are returned, not thrown.
 */
export interface RequesterStore {
  /** Keeps a started connection for so long, and no longer. */
  putState(state: StateRow, lifetimeSeconds: number): Promise<void>;
  /**
   * Removes and returns the one state with this hash, owner and session that is not expired; a second call finds
   * nothing.
   */
  takeState(key: StateKey): Promise<StateRow | null>;

  /** Keeps a new connection. */
  putConnection(connection: ConnectionRow): Promise<void>;
  /** Null when this owner has no such connection. */
  findConnection(ref: ConnectionRef): Promise<ConnectionRow | null>;
  /** All of one owner, oldest first. */
  listConnections(owner: string): Promise<readonly ConnectionRow[]>;
  /** Replaces the sealed secrets after a refresh; does nothing when the connection is gone. */
  updateSecrets(ref: ConnectionRef, secrets: SealedSecrets): Promise<void>;
  /** What was put for it with {@link putAgreement} stays: a promise outlives what it was made for. */
  deleteConnection(ref: ConnectionRef): Promise<void>;

  /** Keeps a signed record of terms, once for its `jti`; the same again changes nothing. PROTOCOL §10. */
  putAgreement(agreement: AgreementRow): Promise<void>;
  /** The record that was put for this connection and this offer. */
  findAgreement(of: ConnectionRef & Pick<AgreementRow, 'jti'>): Promise<AgreementRow | null>;
}

/** Who a dynamically registered Requester is at each AM. */
export interface RegistrationStore {
  /** By the AM's issuer; null when there is none. */
  findRegistration(am: string): Promise<RegistrationRow | null>;
  /** Keeps it, in the place of an older one. */
  putRegistration(registration: RegistrationRow): Promise<void>;
  /** Forgets it; does nothing when there is none. */
  deleteRegistration(am: string): Promise<void>;
}

/** What a callback must bring to be that of a started connection. */
export interface StateKey {
  /** base64url(SHA-256(state)) */
  readonly stateHash: string;
  readonly owner: string;
  readonly session: string;
}

/** A started connection. */
export interface StateRow extends StateKey {
  /** The AM's issuer. */
  readonly am: string;
  readonly clientId: string;
  readonly sealed: Uint8Array;
}

/** A connection is always named together with its owner: one of somebody else is one that does not exist. */
export interface ConnectionRef {
  readonly owner: string;
  readonly connectionId: string;
}

/** What a connection keeps in secret, sealed by the app's vault. */
export interface SealedSecrets {
  readonly sealed: Uint8Array;
  /** Epoch seconds at which the connection token inside expires. */
  readonly accessExpiresAt: number;
}

/** A connection to an AM. PROTOCOL §2.1. */
export interface ConnectionRow extends ConnectionRef, SealedSecrets {
  readonly am: string;
  readonly clientId: string;
}

/** What the app has signed for an owner, or declined: public to both sides, and no secret. */
export interface AgreementRow extends ConnectionRef {
  /** Of the offer. */
  readonly jti: string;
  /** The whole record, a JWT. */
  readonly record: string;
  /**
   * The AM's published keys as they were then, a JWK Set: with them the record can be verified when the AM has others.
   */
  readonly amKeys: string;
}

/** What an AM gave for a dynamic registration. RFC 7591, RFC 7592. */
export interface RegistrationRow {
  readonly am: string;
  readonly clientId: string;
  readonly sealed: Uint8Array;
}
