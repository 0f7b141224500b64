import type { Grant } from '@chatelaine/oauth-server';
import { GRANT } from '@chatelaine/protocol';
import { readTransferRequest } from './request.ts';
import { transfer, type TransferDeps } from './transfer.ts';

/** Hop 1: the token exchange grant of the AM's token endpoint. RFC 8693 §2, PROTOCOL §3.1. */
export function exchangeGrant(deps: TransferDeps): Grant {
  return {
    grantType: GRANT.tokenExchange,
    async handle({ client, params, jkt, guards, signal }) {
      const request = readTransferRequest(deps.config.schemes, { client, jkt, params });
      return { ...(await transfer(deps, { request, guards, quota: 'to be counted', signal })) };
    },
  };
}
