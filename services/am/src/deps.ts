import type { SigningKeys, Vault } from '@chatelaine/crypto';
import type { Failure } from '@chatelaine/oauth-client';
import type { ServerDeps } from '@chatelaine/oauth-server';
import type { Allowances, RateLimits } from '@chatelaine/oauth-server-pg';
import type { Outbound } from '@chatelaine/outbound-http';
import type { Clock, TermsDocument, TermsReference } from '@chatelaine/protocol';
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
  /** Milliseconds of this process's monotonic clock. */
  readonly monotonic: () => number;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Hot tables: named queries in `…store.ts` files. */
  readonly pool: Pool;
  /** Configuration tables. */
  readonly prisma: PrismaClient;
  /** Encrypts what others have entrusted to us. The AAD is the row's id and its owner. */
  readonly vault: Vault;
  /** Computes the codes of checkpoints of activity. */
  readonly checkpointKeys: CheckpointKeys;
  readonly outbound: Outbound;
  /** Admits every call to a Host's token endpoint that a transfer needs. */
  readonly hostGate: HostGate;
  /** Called with the outcome of each call to a Host. */
  readonly linksSeen: LinksSeen;
  /** The keys that sign assertions and statements. */
  readonly keys: SigningKeys;
  /** The terms documents that owners can choose from. */
  readonly terms: Terms;
  /** The authorization server that Requesters see. */
  readonly server: ServerDeps;
  readonly rateLimits: RateLimits;
  /** Limits on what is requested all the time. */
  readonly allowances: Allowances;
  readonly jobs: Jobs;
  readonly live: Live;
  /** Metrics of the AM's work. */
  readonly observe: Observe;
  /** Does nothing, except in tests of crashes. */
  readonly failpoint: Failpoint<FailpointName>;
}

/** Computes the codes of checkpoints of activity: one key for each kind of code. ADR 0036. */
export interface CheckpointKeys {
  readonly row: Uint8Array;
  readonly checkpoint: Uint8Array;
  readonly since: Uint8Array;
}

/** Called for work as it begins, and for its outcome. */
export interface Observe {
  /** `minted`, `timeout`, `internal`, or the error code sent to the Requester. */
  readonly transfer: Observed;
}

export type Observed = () => (labels: { readonly outcome: string }) => void;

/** Keeps one slow or failing Host from affecting everybody. */
export interface HostGate {
  /**
   * Makes a call to this Host, unless too many are in progress or it has just failed again and again. Throws the reason
   * of the caller's signal.
   */
  call<T extends { readonly kind: string }>(
    hostIssuer: string,
    caller: GateCaller,
    make: () => Promise<T | Failure>,
  ): Promise<T | Failure | Held>;
  /** How many Hosts have a closed circuit, an open one, or are being tried again. */
  states(): Readonly<Record<'closed' | 'open' | 'half_open', number>>;
}

/** What was last observed of links' Hosts, for their owners. */
export interface LinksSeen {
  /** The outcome of a call for this link, by its kind: `timeout`, `unreachable`, or an answer. */
  note(linkId: string, kind: string): void;
  /** Stores what was noted since the last time. What cannot be stored will be observed again. */
  store(): Promise<void>;
}

/** On whose behalf a Host is called. */
export interface GateCaller {
  /** The Requester, then its connection: waiting calls take turns by these. */
  readonly path: readonly [string, string];
  /** Leaves the queue when it fires; the call itself is `make`'s. */
  readonly signal?: AbortSignal | undefined;
}

/** Nothing was sent. `retryAfter` in seconds. */
export interface Held {
  readonly kind: 'held';
  readonly retryAfter: number;
}

/** A terms document as it is served. */
export interface ServedTerms {
  /** The name by which it is stored elsewhere, such as `no-training/1.0`. */
  readonly name: string;
  readonly reference: TermsReference;
  /** Its JSON, to the octet: digests are computed from these octets. */
  readonly octets: Buffer;
  readonly document: TermsDocument;
}

/** The terms that owners can choose from here, and all that ever were. */
export interface Terms {
  /** The terms on offer: the newest version of each, by title. */
  readonly roster: readonly ServedTerms[];
  /** Any that was ever served here, also by another process; null: there is none of this name. */
  find(name: string): Promise<ServedTerms | null>;
  /**
   * The newest version of the same terms, if it is another; null: this is the newest, or they are no longer on offer.
   */
  newerThan(name: string): ServedTerms | null;
}

/** Pages that are open. */
export interface Live {
  /**
   * A change to something of this owner's that pages show has been committed: their open pages look again, at whichever
   * process.
   */
  readonly changed: (ownerId: string) => void;
}

/** Background work. */
export interface Jobs {
  /** A revocation for Hosts has been committed: this process looks for work now. What it is, is in the table. */
  readonly announceRevocations: () => void;
}
