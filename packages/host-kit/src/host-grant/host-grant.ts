import { bucketOf, hashToken, isChallenge, mintToken, randomId } from '@chatelaine/crypto';
import { type Client, resolveClient, type ServerDeps } from '@chatelaine/oauth-server';
import { coversScope, GRANT, LIFETIME, type ScopeSet, TRANSFER_SCOPE } from '@chatelaine/protocol';

/** What the signed-in person agreed to, on a page of the app: "and share what I keep here". */
export interface HostGrantInput {
  /** The signed-in person, as the app names them. */
  readonly owner: string;
  /** The AM's client id at this Host: `<AM>/clients/<h>`. PROTOCOL §2.2. */
  readonly amClientId: string;
  /** The S256 challenge of the pushed request that the grant goes with; the same verifier redeems both codes. */
  readonly codeChallenge: string;
  /** The ceiling: one or more of the Host's scopes. */
  readonly scopes: ScopeSet;
  /** Epoch seconds; by default, until it is ended. */
  readonly until?: number;
}

/** The outcome of granting a link without a redirect. PROTOCOL §2.3. */
export type HostGrantOutcome =
  /** The value of `host_grant`: a secret for the AM alone, good once and for five minutes. */
  | { readonly kind: 'issued'; readonly hostGrant: string }
  /** Nothing was granted; the sentence may be shown on a page. */
  | { readonly kind: 'refused'; readonly sentence: string };

/**
 * Issues an ordinary authorization code for an AM without a redirect: for an app that is also a Requester, and sends
 * the code along with its own pushed request. The AM is admitted as in any authorization, and redeems the code like any
 * other. PROTOCOL §2.3.
 * @throws TypeError if the app asks for what can never be granted: a malformed challenge, no scope, or one that is not
 * the Host's
 */
export async function issueHostGrant(deps: ServerDeps, input: HostGrantInput): Promise<HostGrantOutcome> {
  const { owner, scopes, codeChallenge } = input;
  if (!isChallenge(codeChallenge)) throw new TypeError('codeChallenge must be a SHA-256 in base64url.');
  if (scopes.length === 0 || !coversScope(Object.keys(deps.config.transferScopes ?? {}), scopes))
    throw new TypeError("scopes must be some of this Host's.");
  const found = await resolveClient(deps, input.amClientId);
  const redirectUri = found.kind === 'client' ? redirectUriOf(found.client) : null;
  if (redirectUri === null) return refused(found.kind === 'unknown' ? found.sentence : 'It cannot be linked.');
  const bucket = bucketOf(owner);
  const hostGrant = mintToken('ac', bucket);
  await deps.storage.grantCode({
    clientId: input.amClientId,
    redirectUri,
    codeChallenge,
    codeHash: hashToken(hostGrant),
    codeLifetimeSeconds: LIFETIME.hostGrant,
    grant: {
      id: randomId('lnk'),
      subject: owner,
      bucket,
      scope: [TRANSFER_SCOPE],
      transferScope: scopes,
      expiresAt: input.until ?? null,
    },
  });
  return { kind: 'issued', hostGrant };
}

/** The only redirect URI of an AM that may be given a code; the same check as for authorization requests. */
function redirectUriOf({ redirectUris, grantTypes, scope }: Client): string | null {
  const may = grantTypes.includes(GRANT.authorizationCode) && scope.includes(TRANSFER_SCOPE);
  return may ? (redirectUris[0] ?? null) : null;
}

const refused = (why: string): HostGrantOutcome => ({
  kind: 'refused',
  sentence: `The authorization manager cannot be linked to what is kept here. ${why}`,
});
