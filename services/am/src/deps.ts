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
  /** Milliseconds of a clock of this process that only goes forward. */
  readonly monotonic: () => number;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Hot tables: named statements in `store.ts` files. */
  readonly pool: Pool;
  /** Configuration tables. */
  readonly prisma: PrismaClient;
  /** Seals what others entrusted to us. The AAD is the row's id and its owner. */
  readonly vault: Vault;
  /** What checkpoints of activity are made with. */
  readonly checkpointKeys: CheckpointKeys;
  readonly outbound: Outbound;
  /** Before every call of a Host's token endpoint that a transfer needs. */
  readonly hostGate: HostGate;
  /** Is told what each call of a Host came to. */
  readonly linksSeen: LinksSeen;
  /** Sign assertions and statements. */
  readonly keys: SigningKeys;
  /** The terms documents that owners can choose from. */
  readonly terms: Terms;
  /** The authorization server that Requesters see. */
  readonly server: ServerDeps;
  readonly rateLimits: RateLimits;
  /** Of what is asked for all the time. */
  readonly allowances: Allowances;
  readonly jobs: Jobs;
  readonly live: Live;
  /** What is counted of the AM's work. */
  readonly observe: Observe;
  /** Does nothing, except in tests of crashes. */
  readonly failpoint: Failpoint<FailpointName>;
}

/** What checkpoints of activity are made with: one key for each kind of code. ADR 0036. */
export interface CheckpointKeys {
  readonly row: Uint8Array;
  readonly checkpoint: Uint8Array;
  readonly since: Uint8Array;
}

/** Told of work as it begins, and of what came of it. */
export interface Observe {
  /** `minted`, `timeout`, `internal`, or the error code that the Requester is told. */
  readonly transfer: Observed;
}

export type Observed = () => (labels: { readonly outcome: string }) => void;

/** Keeps one Host's slowness or failure from becoming everybody's. */
export interface HostGate {
  /**
   * Makes a call to this Host, unless too many are under way or it has just failed again and again. Throws the reason
   * of the caller's signal.
   */
  call<T extends { readonly kind: string }>(
    hostIssuer: string,
    caller: GateCaller,
    make: () => Promise<T | Failure>,
  ): Promise<T | Failure | Held>;
  /** How many Hosts are called as usual, left alone for a while, or being tried again. */
  states(): Readonly<Record<'closed' | 'open' | 'half_open', number>>;
}

/** What was last seen of links' Hosts, for their owners. */
export interface LinksSeen {
  /** What a call for this link came to, by its kind: `timeout`, `unreachable`, or an answer. */
  note(linkId: string, kind: string): void;
  /** Stores what was noted since the last time; what cannot be stored is seen again. */
  store(): Promise<void>;
}

/** For whom a Host is called. */
export interface GateCaller {
  /** A Requester, then its connection: by these, turns go round among those who wait. */
  readonly path: readonly [string, string];
  /** Leaves the line when it fires; the call itself is `make`'s. */
  readonly signal?: AbortSignal | undefined;
}

/** Nothing was sent. `retryAfter` in seconds. */
export interface Held {
  readonly kind: 'held';
  readonly retryAfter: number;
}

/** A terms document as it is served. */
export interface ServedTerms {
  /** `no-training/1.0`: what is stored of it elsewhere. */
  readonly name: string;
  readonly reference: TermsReference;
  /** Its JSON, to the octet: the digest is of these. */
  readonly octets: Buffer;
  readonly document: TermsDocument;
}

/** The terms that owners can choose from here, and all that ever were. */
export interface Terms {
  /** What there is to choose: the newest version of each, by title. */
  readonly roster: readonly ServedTerms[];
  /** Any that was ever served here, one of another process included; null: none is called so. */
  find(name: string): Promise<ServedTerms | null>;
  /** The newest version of the same terms, where that is another; null: it is the newest, or is offered no more. */
  newerThan(name: string): ServedTerms | null;
}

/** Pages that are open. */
export interface Live {
  /** Something of this owner's that a page shows has been committed: theirs look again, at whichever process. */
  readonly changed: (ownerId: string) => void;
}

/** What is done in the background. */
export interface Jobs {
  /** Something that Hosts are to be told has been committed: this process looks now. What it is, is in the table. */
  readonly announceRevocations: () => void;
}
