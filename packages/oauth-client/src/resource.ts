import { createDpopProof, type SigningKey } from '@chatelaine/crypto';
import { OutboundError, type OutboundInit } from '@chatelaine/outbound-http';
import type { ClientDeps } from './deps.ts';
import type { TimedOut, Unreachable, Unusable } from './outcome.ts';
import { transportFailure } from './send.ts';

export interface FetchResourceInput {
  readonly url: string;
  /** Method, body and headers. `Authorization` and `DPoP` are set by {@link fetchResource}. */
  readonly init?: OutboundInit;
  readonly accessToken: string;
  readonly dpopKey: SigningKey;
}

export type ResourceAnswer =
  | { readonly kind: 'answer'; readonly response: Response }
  | Unusable
  | TimedOut
  | Unreachable;

/**
 * Sends one request with `Authorization: DPoP` and a proof with `ath`, and once more if the resource server asks for a
 * nonce. A response of any status is an `answer`. RFC 9449 §7, PROTOCOL §4.
 */
export async function fetchResource(deps: ClientDeps, input: FetchResourceInput): Promise<ResourceAnswer> {
  const first = await once(deps, input, undefined);
  if (first.kind !== 'answer' || first.response.status !== 401) return first;
  // RFC 9449 §9
  const nonce = first.response.headers.get('dpop-nonce');
  const wanted = /error="?use_dpop_nonce/.test(first.response.headers.get('www-authenticate') ?? '');
  return nonce !== null && wanted ? once(deps, input, nonce) : first;
}

async function once(
  { outbound, clock }: ClientDeps,
  { url, init = {}, accessToken, dpopKey }: FetchResourceInput,
  nonce: string | undefined,
): Promise<ResourceAnswer> {
  const htm = (init.method ?? 'GET').toUpperCase();
  const proof = { key: dpopKey, htm, htu: url, accessToken, clock, ...(nonce === undefined ? {} : { nonce }) };
  const headers = new Headers(init.headers);
  headers.set('authorization', `DPoP ${accessToken}`);
  headers.set('dpop', await createDpopProof(proof));
  try {
    return {
      kind: 'answer',
      response: await outbound.fetch(url, { ...init, method: htm, headers, redirect: 'manual' }),
    };
  } catch (error) {
    if (error instanceof OutboundError) return transportFailure(error);
    throw error;
  }
}
