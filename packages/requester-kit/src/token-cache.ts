import { type Clock, LIFETIME, type ScopeSet, scopeKey } from '@chatelaine/protocol';
import { LRUCache } from 'lru-cache';
import type { ConnectionRef } from './requester-store.ts';

/** A Host's token, good for `resource` alone. */
export interface HostToken {
  readonly accessToken: string;
  /** The scopes it allows; fewer than requested if the owner said so. */
  readonly scope: ScopeSet;
  readonly resource: string;
  readonly issuer: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/**
 * What was requested. All of it but the purpose is the key of the cache, so that no token crosses owners, connections,
 * resources or scopes.
 */
export interface TransferRequest extends ConnectionRef {
  readonly resource: string;
  readonly scope: ScopeSet;
  readonly purpose?: string;
  /** Not part of the key either: a token is the same, however long it took. */
  readonly wait?: 'deferred';
}

export interface TokenCache {
  get(request: TransferRequest): HostToken | null;
  /**
   * Whether the cached token is close enough to its end to be renewed while it is still good. Says yes once for each
   * token.
   */
  claimRenewal(request: TransferRequest): boolean;
  /** A mark for {@link put}, taken before the token is requested. */
  mark(): number;
  /** Keeps a token, unless its connection was forgotten since the mark. */
  put(request: TransferRequest, token: HostToken, mark: number): void;
  /** Forgets this one token; a newer one that replaced it stays. */
  forget(request: TransferRequest, token: HostToken): void;
  forgetConnection(ref: ConnectionRef): void;
}

/** A token is not used any more this many seconds before its end. */
const MARGIN = 20;
/**
 * Seconds before that at which it is renewed if somebody asks for it; a fifth of the lifetime for short-lived tokens.
 */
const RENEW_AHEAD = 40;
/** For all tokens together, in characters: Hosts and AMs choose how long they are. */
const MEMORY_BYTES = 16_777_216;
const ENTRY_BYTES = 1_024;

interface Entry {
  readonly token: HostToken;
  /** Its lifetime in seconds when it was received. */
  readonly life: number;
  claimed: boolean;
}

/** In memory only: Host tokens live for minutes and are never stored. */
export function createTokenCache(clock: Clock): TokenCache {
  const entries = new LRUCache<string, Entry>({
    maxSize: MEMORY_BYTES,
    sizeCalculation: ({ token }, key) => 2 * (key.length + JSON.stringify(token).length) + ENTRY_BYTES,
    ttl: LIFETIME.hostAccessToken * 1000,
    ttlAutopurge: true,
    ttlResolution: 0,
    perf: { now: () => clock.now() * 1000 },
  });
  let forgotten = 0;
  // however long a token claims to live, it is not cached for longer than such tokens do
  const leftOf = (token: HostToken): number => Math.min(token.expiresAt - clock.now(), LIFETIME.hostAccessToken);
  return {
    get(request) {
      const key = keyOf(request);
      const entry = entries.get(key);
      if (entry === undefined) return null;
      if (leftOf(entry.token) > MARGIN) return entry.token;
      entries.delete(key);
      return null;
    },
    claimRenewal(request) {
      const entry = entries.get(keyOf(request));
      if (entry === undefined || entry.claimed) return false;
      if (leftOf(entry.token) > MARGIN + Math.min(RENEW_AHEAD, entry.life / 5)) return false;
      entry.claimed = true;
      return true;
    },
    mark: () => forgotten,
    put(request, token, mark) {
      if (mark !== forgotten) return;
      entries.set(keyOf(request), { token, life: leftOf(token), claimed: false });
    },
    forget(request, { accessToken }) {
      const key = keyOf(request);
      if (entries.get(key)?.token.accessToken === accessToken) entries.delete(key);
    },
    forgetConnection(ref) {
      forgotten += 1;
      const prefix = prefixOf(ref);
      for (const key of entries.keys()) if (key.startsWith(prefix)) entries.delete(key);
    },
  };
}

export function keyOf(request: TransferRequest): string {
  return `${prefixOf(request)}${JSON.stringify([request.resource, scopeKey(request.scope)])}`;
}

// two JSON texts in a row, so that no owner's or connection's name can run into the next
const prefixOf = ({ owner, connectionId }: ConnectionRef): string => JSON.stringify([owner, connectionId]);
