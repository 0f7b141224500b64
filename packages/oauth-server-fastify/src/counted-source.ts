import { isCrossSite, type Issuer, sourceOf } from '@chatelaine/protocol';
import type { FastifyRequest } from 'fastify';

/**
 * The source that a request is counted against: the network it comes from or, separately, pages of other sites that
 * make a browser there send requests. Such a page speaks for nobody, and could otherwise get its visitors' whole
 * network refused. Browsers that are sent here (Fetch Metadata §2.3, §2.1) are counted separately again, so that what a
 * page embeds does not keep its visitors from arriving.
 *
 * A program may pretend to be a page and so gets the allowance once more. `of` says how wide a source is.
 */
export function countedSource(issuer: Issuer, request: FastifyRequest, of: (ip: string) => string = sourceOf): string {
  const source = of(request.ip);
  if (!isCrossSite(request.headers, issuer)) return source;
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': destination } = request.headers;
  return mode === 'navigate' && destination === 'document' ? `${source} arriving` : `${source} cross-site`;
}
