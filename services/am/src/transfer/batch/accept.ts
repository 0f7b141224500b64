import { acceptedWeights, NDJSON } from '@chatelaine/protocol';

/**
 * Whether the caller prefers lines to a document: it names NDJSON, and names nothing that includes JSON with a greater
 * weight. If neither is acceptable it gets the document (RFC 9110 §12.5.1 leaves that to the server).
 */
export function prefersLines(accept = '*/*'): boolean {
  const weights = acceptedWeights(accept);
  const lines = weights.get(NDJSON) ?? 0;
  // the most specific range counts
  const json = weights.get('application/json') ?? weights.get('application/*') ?? weights.get('*/*') ?? 0;
  return lines > 0 && lines >= json;
}
