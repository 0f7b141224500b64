import type {
  Grant,
  OAuthStorage,
  RequestExtension,
  ServerDeps,
  ServerEvent,
  SuccessorKeys,
} from '@chatelaine/oauth-server';
import { createPgStorage } from '@chatelaine/oauth-server-pg';
import { COMBINED_REGISTRATION_METADATA } from '../combined-registration/offered-host.ts';
import type { Deps } from '../deps.ts';
import { AGREEMENTS_PATH, OPERATIONS, REFUSALS_PATH, TARGETS_PATH, TRANSFERS_PATH } from '../connections/operations.ts';

type ServerParts = Pick<Deps, 'config' | 'clock' | 'log' | 'pool' | 'outbound' | 'failpoint'> & {
  readonly refreshKeys: SuccessorKeys;
};

/**
 * The authorization server that Requesters see: a grant of its is a connection, and it has an additional grant type,
 * the transfer. `announceRevocations` runs when a grant has ended, so that Hosts learn of it at once.
 */
export function createServerDeps(
  parts: ServerParts,
  input: {
    grants: readonly Grant[];
    extensions: readonly RequestExtension[];
    announceRevocations: () => void;
  },
): ServerDeps {
  const { config, clock, log, pool, outbound, failpoint, refreshKeys } = parts;
  return {
    config: {
      issuer: config.issuer,
      name: config.name,
      schemes: config.schemes,
      accessTokenKind: 'ct',
      transferScopes: null,
      registration: 'open',
      clientDocuments: config.clientDocuments,
      pushedRequests: 'accepted',
      relationshipTokens: 'bound',
      resources: [],
      grants: input.grants,
      extensions: input.extensions,
      operations: OPERATIONS,
      metadata: {
        chatelaine_targets_endpoint: `${config.issuer}${TARGETS_PATH}`,
        chatelaine_transfers_endpoint: `${config.issuer}${TRANSFERS_PATH}`,
        chatelaine_agreements_endpoint: `${config.issuer}${AGREEMENTS_PATH}`,
        chatelaine_refusals_endpoint: `${config.issuer}${REFUSALS_PATH}`,
        chatelaine_proffer_keys: `${config.issuer}/terms/keys`,
        chatelaine_requester_statements_supported: config.clientDocuments === 'read',
        deferred_token_response_supported: true,
        chatelaine_wants_supported: true,
        // both need the client's document, in which client and Host name each other
        ...(config.clientDocuments === 'read' ? COMBINED_REGISTRATION_METADATA : {}),
      },
    },
    storage: storageWithFailpoints(createPgStorage(pool), failpoint),
    clock,
    successorKeys: refreshKeys,
    async fetchDocument(url) {
      const fetched = await outbound.fetchJson({ url });
      if (fetched.kind === 'failed') return { kind: 'failed', reason: fetched.reason };
      return { kind: 'ok', json: fetched.json, freshForSeconds: fetched.freshForSeconds };
    },
    emit(event) {
      log.info(event, 'oauth');
      if (ENDS.has(event.event)) input.announceRevocations();
    },
  };
}

/** Storage with a failpoint after each step that commits something. */
function storageWithFailpoints(storage: OAuthStorage, failpoint: Deps['failpoint']): OAuthStorage {
  return {
    ...storage,
    async redeemCode(input) {
      const outcome = await storage.redeemCode(input);
      if (outcome.kind === 'redeemed') await failpoint('code.redeemed');
      if (outcome.kind === 'reused') await failpoint('grant.ended');
      return outcome;
    },
    async useRefreshToken(input) {
      const outcome = await storage.useRefreshToken(input);
      if (outcome.kind === 'used' || outcome.kind === 'again') await failpoint('refresh.rotated');
      if (outcome.kind === 'replaced') await failpoint('grant.ended');
      return outcome;
    },
    async revokeToken(input) {
      const outcome = await storage.revokeToken(input);
      if (outcome.kind === 'revoked' && outcome.endedGrant !== null) await failpoint('grant.ended');
      return outcome;
    },
  };
}

/** Events of storage steps that end a grant, which Hosts must learn of at once. */
const ENDS: ReadonlySet<string> = new Set<ServerEvent['event']>(['grant_ended', 'code_reused', 'refresh_token_reused']);
