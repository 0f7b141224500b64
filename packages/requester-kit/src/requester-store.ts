/**
 * Where a Requester keeps what it must not lose. Secrets arrive sealed (AES-256-GCM, bound to row and owner); a store sees none in clear.
 * Every method is one atomic step; expected outcomes are returned, not thrown.
 */
export interface RequesterStore {
  putState(state: StateRow, lifetimeSeconds: number): Promise<void>;
  /** Removes and returns the one state with this hash, owner and session that is not expired; a second call finds nothing. */
  takeState(key: StateKey): Promise<StateRow | null>;

  putConnection(connection: ConnectionRow): Promise<void>;
  findConnection(ref: ConnectionRef): Promise<ConnectionRow | null>;
  /** All of one owner, oldest first. */
  listConnections(owner: string): Promise<readonly ConnectionRow[]>;
  /** Replaces the sealed secrets after a refresh; does nothing when the connection is gone. */
  updateSecrets(ref: ConnectionRef, secrets: SealedSecrets): Promise<void>;
  deleteConnection(ref: ConnectionRef): Promise<void>;
}

/** Who a dynamically registered Requester is at each AM. */
export interface RegistrationStore {
  findRegistration(am: string): Promise<RegistrationRow | null>;
  putRegistration(registration: RegistrationRow): Promise<void>;
  deleteRegistration(am: string): Promise<void>;
}

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

export interface RegistrationRow {
  readonly am: string;
  readonly clientId: string;
  readonly sealed: Uint8Array;
}
