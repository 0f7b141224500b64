import { bucketOf, hashToken, isChallenge, mintToken, randomId } from '@chatelaine/crypto';
import { type Client, resolveClient, type ServerDeps } from '@chatelaine/oauth-server';
import { coversScope, GRANT, LIFETIME, type ScopeSet, TRANSFER_SCOPE } from '@chatelaine/protocol';

/** What the person who is signed in agreed to, on a page of the app: "and share what I have here". */
export interface HostGrantInput {
  /** Who is signed in, as the app names them. */
  readonly owner: string;
  /** Who the AM is at this Host: `<AM>/clients/<h>`. PROTOCOL §2.2. */
  readonly amClientId: string;
  /** The S256 challenge of the pushed request that the grant goes with; its verifier redeems both. */
  readonly codeChallenge: string;
  /** The ceiling; some of the Host's scopes. */
  readonly scopes: ScopeSet;
  /** Epoch seconds; until it is ended, unless given. */
  readonly until?: number;
}

/** What came of the wish to be granted a link without a redirect. PROTOCOL §2.3. */
export type HostGrantOutcome =
  /** For the AM's eyes alone: the value of `host_grant`, good for five minutes and once. */
  | { readonly kind: 'issued'; readonly hostGrant: string }
  /** Nothing was granted; the sentence is fit for a page. */
  | { readonly kind: 'refused'; readonly sentence: string };

/**
 * An ordinary authorization code for an AM, issued without a redirect: for an app that is a Requester, too, and takes
 * it along with its own pushed request. The AM is admitted as in any authorization, and redeems it as any code.
 * PROTOCOL §2.3.
 *
 * @throws TypeError when the app asks for what can never be granted: a challenge that is none, no scope, or one that is
 * not the Host's
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

/** The one redirect URI of an AM that may be given a code at all; what authorization requests are checked for, too. */
function redirectUriOf({ redirectUris, grantTypes, scope }: Client): string | null {
  const may = grantTypes.includes(GRANT.authorizationCode) && scope.includes(TRANSFER_SCOPE);
  return may ? (redirectUris[0] ?? null) : null;
}

const refused = (why: string): HostGrantOutcome => ({
  kind: 'refused',
  sentence: `The authorization manager cannot be linked to what is kept here. ${why}`,
});
