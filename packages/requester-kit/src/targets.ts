import { fetchResource, type ResourceAnswer } from '@chatelaine/oauth-client';
import { errorResponseSchema, parseJson, type TargetsResponse, targetsResponseSchema } from '@chatelaine/protocol';
import { type OpenConnection, open, reopen } from './connection.ts';
import type { Kit } from './options.ts';
import { type ConnectionFailure, generalFailure, unusableAt } from './outcome.ts';
import type { ConnectionRef } from './requester-store.ts';

/** One Host that a connection may ask for, and the answers it would get now. PROTOCOL §5. */
export type Target = TargetsResponse['targets'][number];
/** The Hosts that a connection may ask for, or why they are unknown. */
export type TargetsOutcome = { readonly kind: 'targets'; readonly targets: readonly Target[] } | ConnectionFailure;

/** Reads the Hosts this connection may ask for, with the current answer for each scope. PROTOCOL §5. */
export async function targets(kit: Kit, ref: ConnectionRef): Promise<TargetsOutcome> {
  const opened = await open(kit, ref);
  if (opened.kind !== 'open') return opened;
  const first = await ask(kit, opened);
  if (first.kind !== 'answer' || first.response.status !== 401) return read(first);
  const again = await reopen(kit, ref, opened);
  if (again.kind !== 'open') return again;
  const second = await ask(kit, again);
  return second.kind === 'answer' && second.response.status === 401 ? { kind: 'reconnect' } : read(second);
}

/** Larger than other answers, in bytes: an owner may show hundreds of Hosts. */
const MAX_BYTES = 1_048_576;

async function ask(kit: Kit, { server, secrets }: OpenConnection): Promise<ResourceAnswer> {
  const url = server.chatelaine_targets_endpoint;
  if (url === undefined) return { kind: 'unusable', reason: 'no targets endpoint' };
  const init = { headers: { accept: 'application/json' }, maxBytes: MAX_BYTES };
  return fetchResource(kit, { url, init, accessToken: secrets.accessToken, dpopKey: secrets.dpopKey });
}

async function read(answer: ResourceAnswer): Promise<TargetsOutcome> {
  if (answer.kind !== 'answer') return generalFailure(answer, 'am');
  const { response } = answer;
  const body = parseJson(new Uint8Array(await response.arrayBuffer()));
  const json = body.kind === 'json' ? body.value : undefined;
  if (response.status !== 200) {
    const error = errorResponseSchema.safeParse(json);
    if (!error.success) return unusableAt('am', `status ${response.status} at the targets endpoint`);
    return generalFailure({ kind: 'oauth_error', status: response.status, error: error.data }, 'am');
  }
  const parsed = targetsResponseSchema.safeParse(json);
  return parsed.success ? { kind: 'targets', targets: parsed.data.targets } : unusableAt('am', 'not a list of targets');
}
