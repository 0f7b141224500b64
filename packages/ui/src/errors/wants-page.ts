import { acceptedWeights } from '@chatelaine/protocol';
import type { FastifyRequest } from 'fastify';

/**
 * Whether the request prefers HTML to JSON, as browsers do. Without an `Accept` header it gets JSON. RFC 9110 §12.5.1.
 */
export function wantsPage({ headers: { accept = '' } }: Pick<FastifyRequest, 'headers'>): boolean {
  const weights = acceptedWeights(accept);
  const page = weights.get('text/html') ?? 0;
  return page > 0 && page > (weights.get('application/json') ?? 0);
}
