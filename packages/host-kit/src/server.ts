import type { OAuthStorage, ServerConfig, ServerDeps, ServerEvent } from '@chatelaine/oauth-server';
import type { Outbound } from '@chatelaine/outbound-http';
import { admitClient, admitClientId } from './admit-client.ts';
import type { HostOptions, HostSettings } from './options.ts';
import { resourceMetadataOperation } from './resource-metadata.ts';
import { shareableNow } from './shareable.ts';
import { transferGrant } from './transfer/grant.ts';

export interface ServerInput {
  readonly settings: HostSettings;
  readonly storage: OAuthStorage;
  readonly outbound: Pick<Outbound, 'fetchJson'>;
  readonly checks: NonNullable<HostOptions['checks']> | null;
  readonly shareable: NonNullable<HostOptions['shareable']> | null;
  readonly emit: (event: ServerEvent) => void;
}

/**
 * The kernel as a Host runs it: link tokens that only authenticated AMs can use, no registration, pushed requests only.
 */
export function hostServer({ settings, storage, outbound, checks, shareable, emit }: ServerInput): ServerDeps {
  const { issuer, schemes, bearer, clock, statementScopes } = settings;
  const resources = settings.resources.map(({ url }) => url);
  const fetchDocument = outbound.fetchJson.bind(outbound);
  const parts = {
    storage,
    clock,
    emit,
    fetchDocument: async (url: string): ReturnType<ServerDeps['fetchDocument']> => {
      const answer = await fetchDocument({ url });
      if (answer.kind === 'failed') return { kind: 'failed', reason: answer.reason };
      return { kind: 'ok', json: answer.json, freshForSeconds: answer.freshForSeconds };
    },
  };
  const config: ServerConfig = {
    issuer,
    name: settings.name,
    schemes,
    accessTokenKind: 'lt',
    relationshipTokens: 'keyed',
    pushedRequests: 'required',
    registration: 'closed',
    transferScopes: settings.scopes,
    ...(shareable !== null && {
      ceilingNow: async ({ subject, transferScope }) => {
        const has = await shareableNow(shareable, subject);
        return (transferScope ?? []).filter((scope) => has.includes(scope));
      },
    }),
    resources,
    grants: [transferGrant({ ...parts, issuer, schemes, resources, bearer, statementScopes, checks, shareable })],
    operations: [...resources.map(resourceMetadataOperation), ...settings.operations],
    metadata: {
      ...(Object.keys(settings.scopeAccess).length === 0
        ? {}
        : { chatelaine_transfer_scope_access: settings.scopeAccess }),
      ...(statementScopes.length === 0 ? {} : { chatelaine_requester_statement_scopes: [...statementScopes] }),
      ...(settings.requester === null ? {} : { chatelaine_requester: settings.requester }),
    },
    admitClientId: admitClientId(issuer),
    admitClient: admitClient(issuer),
  };
  return { ...parts, config };
}
