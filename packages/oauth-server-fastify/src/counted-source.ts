import { isCrossSite, type Issuer, sourceOf } from '@chatelaine/protocol';
import type { FastifyRequest } from 'fastify';

/**
 * Whom a request is counted against: the network it comes from, and apart from that what a page of another site makes a
 * browser there send. Such a page speaks for nobody, and without this could get its visitors' whole network refused. A
 * browser that is sent here (Fetch Metadata §2.3, §2.1) is counted apart once more, so that what a page embeds does not
 * keep its visitors from arriving.
 *
 * A program may pass for a page, and then has as much again, once. `of` says how wide a source is.
 */
export function countedSource(issuer: Issuer, request: FastifyRequest, of: (ip: string) => string = sourceOf): string {
  const source = of(request.ip);
  if (!isCrossSite(request.headers, issuer)) return source;
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': destination } = request.headers;
  return mode === 'navigate' && destination === 'document' ? `${source} arriving` : `${source} cross-site`;
}
