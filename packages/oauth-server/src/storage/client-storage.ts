import type { ClientMetadata } from '@chatelaine/protocol';

export interface StoredClient {
  readonly id: string;
  readonly metadata: ClientMetadata;
  /** Epoch seconds. */
  readonly createdAt: number;
  /** SHA-256 of its client_secret; null for a client that has none. */
  readonly secretHash: Buffer | null;
}

export interface CachedDocument {
  readonly url: string;
  readonly body: unknown;
  /** Seconds since it was fetched, and for how many more it is fresh (negative: stale). */
  readonly ageSeconds: number;
  readonly freshForSeconds: number;
}

export interface ClientStorage {
  findClient(id: string): Promise<StoredClient | null>;
  insertClient(input: {
    id: string;
    metadata: ClientMetadata;
    registrationTokenHash: Buffer;
    secretHash: Buffer | null;
  }): Promise<void>;
  /** The client whose registration access token this is. RFC 7592 §2. */
  findClientByRegistrationToken(input: { id: string; hash: Buffer }): Promise<StoredClient | null>;
  /** Deletes the client and ends every grant it has, in one step. RFC 7592 §2.3. */
  deleteClient(input: {
    id: string;
    registrationTokenHash: Buffer;
  }): Promise<{ kind: 'deleted' } | { kind: 'unknown' }>;
  readDocument(url: string): Promise<CachedDocument | null>;
  writeDocument(input: { url: string; body: unknown; freshForSeconds: number }): Promise<void>;
}
