import { signShortJwt } from '@chatelaine/crypto';
import { formatScope, JWT_TYP, LIFETIME, LIMIT } from '@chatelaine/protocol';
import type { OpenConnection } from './connection.ts';
import { currentOf } from './identity.ts';
import type { Kit } from './options.ts';
import type { TransferRequest } from './token-cache.ts';

type Signer = Pick<Kit, 'clock' | 'registration' | 'signingKey' | 'requesterStatement'>;

/**
 * The app's own statement about its key, for one Host, passed on by the AM: with it, not even the AM can name a key of
 * its own. A new one for each request. Undefined if the AM passes none on, if nobody could verify it (an app without
 * keys or without a client document), or if it would be too long. PROTOCOL §3.6.
 */
export async function requesterStatement(
  kit: Signer,
  { server, client, secrets }: Pick<OpenConnection, 'server' | 'client' | 'secrets'>,
  request: Pick<TransferRequest, 'resource' | 'scope'>,
): Promise<string | undefined> {
  if (kit.requesterStatement === 'omit' || server.chatelaine_requester_statements_supported !== true) return undefined;
  const { signingKey, registration, clock } = kit;
  // a document at another id, or none, would not have the key
  if (signingKey === undefined || registration.kind !== 'document' || registration.clientId !== client.clientId)
    return undefined;
  const statement = await signShortJwt({
    typ: JWT_TYP.requesterStatement,
    key: currentOf(signingKey),
    clock,
    lifetimeSeconds: LIFETIME.statement,
    claims: {
      iss: client.clientId,
      sub: client.clientId,
      aud: new URL(request.resource).origin,
      resource: request.resource,
      scope: formatScope(request.scope),
      cnf: { jkt: secrets.dpopKey.kid },
    },
  });
  // no AM accepts a longer one, and would refuse even what it grants without a statement
  return statement.length > LIMIT.requesterStatementChars ? undefined : statement;
}

/** Space for header, signature and the other claims, before encoding. */
const AROUND = 512;

/** At least as many bytes as a statement for this request takes. */
export function statementBytes(
  { client }: Pick<OpenConnection, 'client'>,
  { resource, scope }: TransferRequest,
): number {
  const varying = 2 * client.clientId.length + 2 * resource.length + formatScope(scope).length;
  return Math.ceil(((AROUND + varying) * 4) / 3);
}
