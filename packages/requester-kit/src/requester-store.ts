/**
 * Where a Requester keeps what it must not lose. Secrets arrive encrypted (AES-256-GCM, bound to row and owner); a
 * store never sees one in clear. Every method is one atomic step; expected outcomes are returned, not thrown.
 */
export interface RequesterStore {
  /** Keeps a started connection for so many seconds, and no longer. */
  putState(state: StateRow, lifetimeSeconds: number): Promise<void>;
  /** Removes and returns the unexpired state with this hash, owner and session; a second call finds nothing. */
  takeState(key: StateKey): Promise<StateRow | null>;

  /** Keeps a new connection. */
  putConnection(connection: ConnectionRow): Promise<void>;
  /** Null if this owner has no such connection. */
  findConnection(ref: ConnectionRef): Promise<ConnectionRow | null>;
  /** All connections of one owner, oldest first. */
  listConnections(owner: string): Promise<readonly ConnectionRow[]>;
  /** Replaces the encrypted secrets after a refresh; does nothing if the connection is gone. */
  updateSecrets(ref: ConnectionRef, secrets: EncryptedSecrets): Promise<void>;
  /** Agreements put for it with {@link putAgreement} stay: a promise outlives the connection it was made for. */
  deleteConnection(ref: ConnectionRef): Promise<void>;

  /** Keeps a signed record of terms, once for each `jti`; repeating it changes nothing. PROTOCOL §10. */
  putAgreement(agreement: AgreementRow): Promise<void>;
  /** The record kept for this connection and this offer. */
  findAgreement(of: ConnectionRef & Pick<AgreementRow, 'jti'>): Promise<AgreementRow | null>;
}

/** The client ids of a dynamically registered Requester, one for each AM. */
export interface RegistrationStore {
  /** By the AM's issuer; null if there is none. */
  findRegistration(am: string): Promise<RegistrationRow | null>;
  /** Keeps it, replacing an older one. */
  putRegistration(registration: RegistrationRow): Promise<void>;
  /** Forgets it; does nothing if there is none. */
  deleteRegistration(am: string): Promise<void>;
}

/** What a callback must match to finish a started connection. */
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
  readonly encrypted: Uint8Array;
}

/** A connection is always named together with its owner: somebody else's does not exist. */
export interface ConnectionRef {
  readonly owner: string;
  readonly connectionId: string;
}

/** The secrets of a connection, encrypted by the app's vault. */
export interface EncryptedSecrets {
  readonly encrypted: Uint8Array;
  /** Epoch seconds at which the connection token inside expires. */
  readonly accessExpiresAt: number;
}

/** A connection to an AM. PROTOCOL §2.1. */
export interface ConnectionRow extends ConnectionRef, EncryptedSecrets {
  readonly am: string;
  readonly clientId: string;
}

/** What the app has signed for an owner, or declined: known to both sides, and no secret. */
export interface AgreementRow extends ConnectionRef {
  /** The offer's `jti`. */
  readonly jti: string;
  /** The whole record, a JWT. */
  readonly record: string;
  /**
   * The AM's published keys at the time, a JWK Set: with them the record can be verified after the AM has rotated its
   * keys.
   */
  readonly amKeys: string;
}

/** What an AM issued for a dynamic registration. RFC 7591, RFC 7592. */
export interface RegistrationRow {
  readonly am: string;
  readonly clientId: string;
  readonly encrypted: Uint8Array;
}
