import type { SigningKeys, Vault } from '@chatelaine/crypto';
import type { Failure } from '@chatelaine/oauth-client';
import type { ServerDeps } from '@chatelaine/oauth-server';
import type { Allowances, RateLimits } from '@chatelaine/oauth-server-pg';
import type { Outbound } from '@chatelaine/outbound-http';
import type { Clock } from '@chatelaine/protocol';
import type { Failpoint } from '@chatelaine/service-kit';
import type { Pool } from 'pg';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { FailpointName } from './failpoints.ts';
import type { PrismaClient } from './generated/prisma/client.ts';

/** Everything a feature may need; each takes the smallest Pick. Built once, in `main`. */
export interface Deps {
  readonly config: Config;
  readonly clock: Clock;
  /** Milliseconds of a clock of this process that only goes forward. */
  readonly monotonic: () => number;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Hot tables: named statements in `store.ts` files. */
  readonly pool: Pool;
  /** Configuration tables. */
  readonly prisma: PrismaClient;
  /** Seals what others entrusted to us. The AAD is the row's id and its owner. */
  readonly vault: Vault;
  readonly outbound: Outbound;
  /** Before every call of a Host's token endpoint that a transfer needs. */
  readonly hostGate: HostGate;
  /** Sign assertions and statements. */
  readonly keys: SigningKeys;
  /** The authorization server that Requesters see. */
  readonly server: ServerDeps;
  readonly rateLimits: RateLimits;
  /** Of what is asked for all the time. */
  readonly allowances: Allowances;
  readonly jobs: Jobs;
  /** What is counted of the AM's work. */
  readonly observe: Observe;
  /** Does nothing, except in tests of crashes. */
  readonly failpoint: Failpoint<FailpointName>;
}

/** Told of work as it is done; changes nothing of it. */
export interface Observe {
  transfer<T>(make: () => Promise<T>): Promise<T>;
}

/** Keeps one Host's slowness or failure from becoming everybody's. */
export interface HostGate {
  /** Makes a call to this Host, unless too many are under way or it has just failed again and again. Throws the reason of the caller's signal. */
  call<T extends { readonly kind: string }>(
    hostIssuer: string,
    caller: GateCaller,
    make: () => Promise<T | Failure>,
  ): Promise<T | Failure | Held>;
  /** How many Hosts are called as usual, left alone for a while, or being tried again. */
  states(): Readonly<Record<'closed' | 'open' | 'half_open', number>>;
}

/** For whom a Host is called. */
export interface GateCaller {
  /** A Requester, then its connection: by these, turns go round among those who wait. */
  readonly path: readonly [string, string];
  /** Leaves the line when it fires; the call itself is `make`'s. */
  readonly signal?: AbortSignal;
}

/** Nothing was sent. `retryAfter` in seconds. */
export interface Held {
  readonly kind: 'held';
  readonly retryAfter: number;
}

/** What is done in the background. */
export interface Jobs {
  /** Something that Hosts are to be told has been committed: this process looks now. What it is, is in the table. */
  readonly announceRevocations: () => void;
}
