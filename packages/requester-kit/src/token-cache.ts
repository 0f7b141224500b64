import { type Clock, LIFETIME, type ScopeSet, scopeKey } from '@chatelaine/protocol';
import type { ConnectionRef } from './requester-store.ts';

/** A Host's token, good for `resource` alone. */
export interface HostToken {
  readonly accessToken: string;
  /** What it allows; less than asked when the owner said so. */
  readonly scope: ScopeSet;
  readonly resource: string;
  readonly issuer: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/** What was asked for; the key of the cache is all of it, so that no token crosses owners, connections, resources or scopes. */
export interface TransferRequest extends ConnectionRef {
  readonly resource: string;
  readonly scope: ScopeSet;
}

export interface TokenCache {
  get(request: TransferRequest): HostToken | null;
  put(request: TransferRequest, token: HostToken): void;
  forget(request: TransferRequest): void;
  forgetConnection(ref: ConnectionRef): void;
}

/** A token this close to its end is not used any more, in seconds. */
const MARGIN = 20;
const MAX_ENTRIES = 5000;

/** In memory only: Host tokens live for minutes and are never stored. */
export function createTokenCache(clock: Clock): TokenCache {
  const tokens = new Map<string, HostToken>();
  return {
    get(request) {
      const key = keyOf(request);
      const token = tokens.get(key);
      if (token === undefined) return null;
      // whatever it says of itself, it is not believed for longer than such tokens live
      const left = Math.min(token.expiresAt - clock.now(), LIFETIME.hostAccessToken);
      if (left > MARGIN) return token;
      tokens.delete(key);
      return null;
    },
    put(request, token) {
      tokens.delete(keyOf(request));
      tokens.set(keyOf(request), token);
      for (const oldest of tokens.keys()) {
        if (tokens.size <= MAX_ENTRIES) break;
        tokens.delete(oldest);
      }
    },
    forget: (request) => void tokens.delete(keyOf(request)),
    forgetConnection(ref) {
      const prefix = prefixOf(ref);
      for (const key of tokens.keys()) if (key.startsWith(prefix)) tokens.delete(key);
    },
  };
}

export function keyOf(request: TransferRequest): string {
  return `${prefixOf(request)}${JSON.stringify([request.resource, scopeKey(request.scope)])}`;
}

// two JSON texts in a row: no owner's or connection's name can run into the next
const prefixOf = ({ owner, connectionId }: ConnectionRef): string => JSON.stringify([owner, connectionId]);
