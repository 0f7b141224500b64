import { type TargetsResponse, targetsResponseSchema } from '@chatelaine/protocol';
import { askAm } from './ask-am.ts';
import type { Kit } from './options.ts';
import { type ConnectionFailure, unusableAt } from './outcome.ts';
import type { ConnectionRef } from './requester-store.ts';

/** One Host that a connection may ask for, and the answers it would get now. PROTOCOL §5. */
export type Target = TargetsResponse['targets'][number];
/** The Hosts that a connection may ask for, or why they are unknown. */
export type TargetsOutcome = { readonly kind: 'targets'; readonly targets: readonly Target[] } | ConnectionFailure;

/** Reads the Hosts this connection may ask for, with the current answer for each scope. PROTOCOL §5. */
export async function targets(kit: Kit, ref: ConnectionRef): Promise<TargetsOutcome> {
  const answer = await askAm(kit, ref, { name: 'targets', url: (server) => server.chatelaine_targets_endpoint });
  if (answer.kind !== 'json') return answer;
  const parsed = targetsResponseSchema.safeParse(answer.json);
  return parsed.success ? { kind: 'targets', targets: parsed.data.targets } : unusableAt('am', 'not a list of targets');
}
