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
  /** To AMs' documents, and to services. */
  readonly outbound: Outbound;
  /** What people can connect, as the definitions say. */
  readonly services: readonly Service[];
  /** Where log lines go; standard output unless given. */
  readonly logDestination?: { write(line: string): void };
}

/** What became of calls of services. */
export interface Calls {
  count(call: { readonly service: string; readonly outcome: CallOutcome }): void;
  countRenewal(renewal: { readonly service: string; readonly outcome: RenewalOutcome }): void;
}
export const CALL_OUTCOMES = ['answered', 'refused', 'failed', 'unreachable', 'withheld'] as const;
export type CallOutcome = (typeof CALL_OUTCOMES)[number];
/** `refused`: the service takes the refresh token no more. `failed`: it may be good another time. */
export const RENEWAL_OUTCOMES = ['renewed', 'refused', 'failed'] as const;
export type RenewalOutcome = (typeof RENEWAL_OUTCOMES)[number];

/** Everything a feature may need; each takes the smallest Pick. */
export interface Deps extends StartDeps {
  readonly vault: Vault;
  readonly log: FastifyBaseLogger;
  /** By origin, in seconds: how far a service's clock is ahead, where a signed request was once refused for it. */
  readonly skews: Map<string, number>;
  readonly calls: Calls;
}
