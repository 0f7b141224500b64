import type { Vault } from '@chatelaine/crypto';
import type { Outbound } from '@chatelaine/outbound-http';
import type { Clock } from '@chatelaine/protocol';
import type { FastifyBaseLogger } from 'fastify';
import type { Pool } from 'pg';
import type { Config } from './config.ts';
import type { Service } from './definitions/service.ts';

/** What a process is given when it starts. */
export interface StartDeps {
  readonly config: Config;
  readonly clock: Clock;
  readonly pool: Pool;
  /** For AMs' documents, and for services. */
  readonly outbound: Outbound;
  /** The services that people can connect, as their definitions describe them. */
  readonly services: readonly Service[];
  /** Where log lines go; by default standard output. */
  readonly logDestination?: { write(line: string): void };
}

/** Counts the outcomes of calls to services. */
export interface Calls {
  count(call: { readonly service: string; readonly outcome: CallOutcome }): void;
  countRefresh(refresh: { readonly service: string; readonly outcome: RefreshOutcome }): void;
}
export const CALL_OUTCOMES = ['answered', 'refused', 'failed', 'unreachable', 'withheld'] as const;
export type CallOutcome = (typeof CALL_OUTCOMES)[number];
/** `refused`: the service no longer accepts the refresh token. `failed`: it may succeed another time. */
export const REFRESH_OUTCOMES = ['renewed', 'refused', 'failed'] as const;
export type RefreshOutcome = (typeof REFRESH_OUTCOMES)[number];

/** Everything a feature may need; each takes the smallest Pick. */
export interface Deps extends StartDeps {
  readonly vault: Vault;
  readonly log: FastifyBaseLogger;
  /**
   * By origin, in seconds: how far a service's clock is ahead, learned when it refused a signed request for its
   * timestamp.
   */
  readonly skews: Map<string, number>;
  readonly calls: Calls;
}
