import { type Jwks, publicJwks, systemClock } from '@chatelaine/crypto';
import { createDiscoveryCache, createShare } from '@chatelaine/oauth-client';
import type { ClientDocument } from '@chatelaine/protocol';
import { createBackground } from './background.ts';
import { call, type CallInit, type CallOutcome } from './call.ts';
import {
  callback,
  type CallbackInput,
  type CallbackOutcome,
  connect,
  type ConnectInput,
  type ConnectOutcome,
} from './connect.ts';
import { disconnect, type DisconnectOutcome, unregister } from './disconnect.ts';
import { allOf, clientDocumentOf } from './identity.ts';
import type { Kit, RequesterOptions } from './options.ts';
import type { ConnectionRef } from './requester-store.ts';
import { termsOf, type TermsStanding } from './settle-terms.ts';
import { targets, type TargetsOutcome } from './targets.ts';
import { createTokenCache } from './token-cache.ts';
import { transfer, type TransferInput, type TransferOutcome, type Wanted } from './transfer.ts';
import { type Transferred, transfers, type TransfersInput } from './transfers.ts';

/** A connection as an app may show it. */
export interface ConnectionInfo {
  readonly connectionId: string;
  /** The AM's issuer. */
  readonly am: string;
}

/** What makes an app a Requester. Nothing here throws for what other servers do; every outcome has a `kind`. */
export interface Requester {
  /** Serve this as JSON at the client id. Null for a Requester that registers dynamically. */
  clientMetadata(): ClientDocument | null;
  /** Serve this as JSON at the `jwks_uri`; public keys only. */
  jwks(): Jwks;
  /** Starts a connection; send the browser to `redirectTo`. */
  connect(input: ConnectInput): Promise<ConnectOutcome>;
  /**
   * Ends it, at the redirect URI, in the session that started it. It uses up the code: for GET alone. Many frameworks
   * run the handler of GET for HEAD as well, which must change nothing (RFC 9110 §9.2.1).
   */
  callback(input: CallbackInput): Promise<CallbackOutcome>;
  /** The connections of one owner, oldest first. */
  connections(owner: string): Promise<readonly ConnectionInfo[]>;
  /**
   * Where a connection stands with its owner's terms. What the lists decide is answered, and the record kept; so call
   * it once more after the lists have changed, or after a crash. It is called by `callback`, and whenever an AM wants
   * terms answered. PROTOCOL §10.3.
   */
  terms(ref: ConnectionRef): Promise<TermsStanding>;
  /** The Hosts a connection may ask for. */
  targets(ref: ConnectionRef): Promise<TargetsOutcome>;
  /** A token for one Host. */
  transfer(input: TransferInput): Promise<TransferOutcome>;
  /** Tokens for many Hosts over one connection, each as it arrives. */
  transfers<Item extends Wanted>(input: TransfersInput<Item>): AsyncGenerator<Transferred<Item>, void, undefined>;
  /** Calls a Host with such a token; `url` lies under `input.resource`. */
  fetch(input: TransferInput, url: string, init?: CallInit): Promise<CallOutcome>;
  /** Ends a connection at its AM and forgets it here. PROTOCOL §7. */
  disconnect(ref: ConnectionRef): Promise<DisconnectOutcome>;
  /** Takes back a dynamic registration at an AM (its issuer). */
  unregister(am: string): Promise<{ kind: 'ended' } | { kind: 'ended_here'; reason: string }>;
}

/** Renewals in the background at a time. */
const RENEWALS = 8;

/** Makes an app a Requester. One per process: it shares renewals and keeps tokens of Hosts until they expire. */
export function createRequester(options: RequesterOptions): Requester {
  const clock = options.clock ?? systemClock;
  const schemes = options.schemes ?? ['https'];
  const { outbound } = options;
  const kit: Kit = {
    ...options,
    clock,
    schemes,
    discovery: createDiscoveryCache({ outbound, schemes, clock }),
    tokens: createTokenCache(clock),
    background: createBackground(RENEWALS),
    share: createShare(),
  };
  return {
    clientMetadata: () => clientDocumentOf(options),
    jwks: () => publicJwks(allOf(options.signingKey)),
    connect: (input) => connect(kit, input),
    callback: (input) => callback(kit, input),
    connections: async (owner) =>
      (await kit.store.listConnections(owner)).map(({ connectionId, am }) => ({ connectionId, am })),
    terms: (ref) => termsOf(kit, ref),
    targets: (ref) => targets(kit, ref),
    transfer: (input) => transfer(kit, input),
    transfers: (input) => transfers(kit, input),
    fetch: (input, url, init) => call(kit, input, url, init),
    disconnect: (ref) => disconnect(kit, ref),
    unregister: (am) => unregister(kit, am),
  };
}
