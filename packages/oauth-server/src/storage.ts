import type { ClientStorage } from './storage/client-storage.ts';
import type { BurnOutcome, ReplayGuard } from './storage/replay.ts';
import type { RequestStorage } from './storage/request-storage.ts';
import type { TokenStorage } from './storage/token-storage.ts';
import type { TransferStorage } from './storage/transfer-storage.ts';

export type * from './storage/client-storage.ts';
export type * from './storage/replay.ts';
export type * from './storage/request-storage.ts';
export type * from './storage/token-storage.ts';
export type * from './storage/transfer-storage.ts';

/**
 * The kernel's storage port. Each method is one atomic protocol step; the WHERE clause is the lock; expected outcomes
 * are returned as unions and never thrown, so that no protocol refusal rolls a transaction back. Row expiry is compared
 * with the database's clock. Secrets arrive hashed (SHA-256, 32 bytes). Implementations must pass the contract suite in
 * `contract/`.
 */
export interface OAuthStorage extends ClientStorage, RequestStorage, TokenStorage, TransferStorage {
  /** Spends replay guards for requests that end without any other write. */
  burn(guards: readonly ReplayGuard[]): Promise<BurnOutcome>;
  /** Deletes expired rows, a batch at a time, and returns how many. Safe to run on every replica at once. */
  reap(): Promise<number>;
}
