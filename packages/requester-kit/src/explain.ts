import { type RefusalsResponse, refusalsResponseSchema } from '@chatelaine/protocol';
import { askAm } from './ask-am.ts';
import type { Kit } from './options.ts';
import { type ConnectionFailure, unusableAt } from './outcome.ts';
import type { ConnectionRef } from './requester-store.ts';

/** Why something was refused, as far as the AM tells: what the error said, and what would change it. PROTOCOL §3.9. */
export type Explanation = RefusalsResponse['refusals'][number];

/** Of which request an explanation is wanted. */
export interface ExplainInput extends ConnectionRef {
  /** As the outcome had it. */
  readonly requestId: string;
}

/** Why a request was refused, or why that is not known. */
export type ExplainOutcome =
  /**
   * One for each thing that was refused of the request; none where the AM knows of no such request of this connection.
   */
  { readonly kind: 'explained'; readonly refusals: readonly Explanation[] } | ConnectionFailure;

/** Asks the AM why a request of this connection was refused. PROTOCOL §3.9. */
export async function explain(kit: Kit, { requestId, ...ref }: ExplainInput): Promise<ExplainOutcome> {
  const answer = await askAm(kit, ref, {
    name: 'refusals',
    url: ({ chatelaine_refusals_endpoint: endpoint }) =>
      endpoint === undefined ? undefined : `${endpoint}?${new URLSearchParams({ request_id: requestId }).toString()}`,
  });
  if (answer.kind !== 'json') return answer;
  const parsed = refusalsResponseSchema.safeParse(answer.json);
  return parsed.success
    ? { kind: 'explained', refusals: parsed.data.refusals }
    : unusableAt('am', 'not a list of refusals');
}
