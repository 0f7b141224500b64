import { challengeOf, createVerifier } from '@chatelaine/crypto';
import { linkClientId } from '@chatelaine/oauth-client';
import type { ServerMetadata } from '@chatelaine/protocol';
import type { Kit } from './options.ts';

/**
 * Asks the app's own Host for a code for the AM without a redirect: `app.chatelaine.hostGrant` of
 * `@chatelaine/host-kit`, with the owner and what they ticked. `sentence` may be shown on a page.
 */
export type ShareAsHost = (input: {
  /** The AM's client id at that Host. */
  readonly amClientId: string;
  /** S256 challenge of the verifier that redeems both codes. */
  readonly codeChallenge: string;
}) => Promise<
  { readonly kind: 'issued'; readonly hostGrant: string } | { readonly kind: 'refused'; readonly sentence: string }
>;

export type Shared =
  | {
      readonly kind: 'shared';
      /** Parameters that the pushed request has besides the usual ones. */
      readonly request: { readonly verifier?: string; readonly params?: Readonly<Record<string, string>> };
    }
  | { readonly kind: 'refused'; readonly sentence: string };

export const NOTHING_SHARED: Shared = { kind: 'shared', request: {} };

/**
 * One verifier for both codes: whoever redeems the connection's code lets the AM redeem the Host's. PROTOCOL §2.3.
 *
 * @throws TypeError when the app's client document names no Host
 */
export async function share(
  { host, registration }: Pick<Kit, 'host' | 'registration'>,
  server: ServerMetadata,
  shareAsHost: ShareAsHost,
): Promise<Shared> {
  if (host === undefined || registration.kind !== 'document')
    throw new TypeError('shareAsHost needs the option host, and a client document that names it.');
  if (server.chatelaine_host_grant_supported !== true) return { kind: 'refused', sentence: NOT_IN_ONE_STEP };
  const verifier = createVerifier();
  const codeChallenge = challengeOf(verifier);
  const granted = await shareAsHost({ codeChallenge, amClientId: linkClientId(server.issuer, host) });
  if (granted.kind === 'refused') return granted;
  return { kind: 'shared', request: { verifier, params: { host, host_grant: granted.hostGrant } } };
}

const NOT_IN_ONE_STEP =
  'This authorization manager does not take both in one step. ' +
  'Connect without sharing, then add this service there as a Host.';
