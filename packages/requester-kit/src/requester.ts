import { type Jwks, publicJwks, systemClock } from '@chatelaine/crypto';
import { createDiscoveryCache, createSingleFlight } from '@chatelaine/oauth-client';
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
import { explain, type ExplainInput, type ExplainOutcome } from './explain.ts';
import { allOf, clientDocumentOf } from './identity.ts';
import type { Kit, RequesterOptions } from './options.ts';
import type { ConnectionRef } from './requester-store.ts';
import { termsOf, type TermsStanding } from './settle-terms.ts';
import { targets, type TargetsOutcome } from './targets.ts';
import { createTokenCache } from './token-cache.ts';
import { transfer, type TransferInput, type TransferOutcome, type Wanted } from './transfer.ts';
import { type Transferred, transfers, type TransfersInput } from './transfers.ts';

/** A connection, without its secrets, for an app to show. */
export interface ConnectionInfo {
  readonly connectionId: string;
  /** The AM's issuer. */
  readonly am: string;
}

/** An app's side of the protocol. Nothing here throws because of what other servers do; every outcome has a `kind`. */
export interface Requester {
  /** The client document: serve it as JSON at the client id. Null for a Requester that registers dynamically. */
  clientMetadata(): ClientDocument | null;
  /** The public keys: serve them as JSON at the `jwks_uri`. */
  jwks(): Jwks;
  /** Starts a connection; send the browser to `redirectTo`. */
  connect(input: ConnectInput): Promise<ConnectOutcome>;
  /**
   * Finishes it, at the redirect URI, in the session that started it. It uses up the code, so call it for GET alone:
   * many frameworks run the GET handler for HEAD as well, which must change nothing (RFC 9110 §9.2.1).
   */
  callback(input: CallbackInput): Promise<CallbackOutcome>;
  /** The connections of one owner, oldest first. */
  connections(owner: string): Promise<readonly ConnectionInfo[]>;
  /**
   * Where a connection stands with its owner's terms. Answers what the lists decide, and keeps the record. `callback`
   * calls it, and so does any request whose answer is that terms are required; call it again after the lists have
   * changed, or after a crash. PROTOCOL §10.3.
   */
  terms(ref: ConnectionRef): Promise<TermsStanding>;
  /** The Hosts a connection may ask for. */
  targets(ref: ConnectionRef): Promise<TargetsOutcome>;
  /** A token for one Host. */
  transfer(input: TransferInput): Promise<TransferOutcome>;
  /** Tokens for many Hosts over one connection, each as it arrives. */
  transfers<Item extends Wanted>(input: TransfersInput<Item>): AsyncGenerator<Transferred<Item>, void, undefined>;
  /** Calls a Host with such a token; `url` must be under `input.resource`. */
  fetch(input: TransferInput, url: string, init?: CallInit): Promise<CallOutcome>;
  /**
   * Why a request was refused: for outcomes with a `requestId`, within seven days. It tells no more than the outcome
   * did, and says what would change it. PROTOCOL §3.9.
   */
  explain(input: ExplainInput): Promise<ExplainOutcome>;
  /** Ends a connection at its AM and forgets it here. PROTOCOL §7. */
  disconnect(ref: ConnectionRef): Promise<DisconnectOutcome>;
  /** Deletes a dynamic registration at an AM, named by its issuer. */
  unregister(am: string): Promise<{ kind: 'ended' } | { kind: 'ended_here'; reason: string }>;
}

/** Background renewals at a time. */
const RENEWALS = 8;

/** Makes an app a Requester. Create one per process: it shares renewals and caches Host tokens until they expire. */
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
    share: createSingleFlight(),
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
    explain: (input) => explain(kit, input),
    disconnect: (ref) => disconnect(kit, ref),
    unregister: (am) => unregister(kit, am),
  };
}
