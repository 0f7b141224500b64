import { fetchResource, type ResourceAnswer } from '@chatelaine/oauth-client';
import { errorResponseSchema, parseJson, type ServerMetadata } from '@chatelaine/protocol';
import { type OpenConnection, open, reopen } from './connection.ts';
import type { Kit } from './options.ts';
import { type ConnectionFailure, generalFailure, unusableAt } from './outcome.ts';
import type { ConnectionRef } from './requester-store.ts';

/** Larger than other answers: there may be hundreds of entries. */
const MAX_BYTES = 1_048_576;

export interface Question {
  /** For the log. */
  readonly name: string;
  /** Undefined: this AM has none. */
  readonly url: (server: ServerMetadata) => string | undefined;
}

/**
 * What an AM tells a connection at an endpoint of its own: once more with a fresh token, where that is what was wrong.
 */
export async function askAm(
  kit: Kit,
  ref: ConnectionRef,
  question: Question,
): Promise<{ readonly kind: 'json'; readonly json: unknown } | ConnectionFailure> {
  const opened = await open(kit, ref);
  if (opened.kind !== 'open') return opened;
  const first = await ask(kit, opened, question);
  if (first.kind !== 'answer' || first.response.status !== 401) return read(first, question);
  const again = await reopen(kit, ref, opened);
  if (again.kind !== 'open') return again;
  const second = await ask(kit, again, question);
  return second.kind === 'answer' && second.response.status === 401 ? { kind: 'reconnect' } : read(second, question);
}

async function ask(
  kit: Kit,
  { server, secrets }: OpenConnection,
  { name, url: urlOf }: Question,
): Promise<ResourceAnswer> {
  const url = urlOf(server);
  if (url === undefined) return { kind: 'unusable', reason: `no ${name} endpoint` };
  const init = { headers: { accept: 'application/json' }, maxBytes: MAX_BYTES };
  return fetchResource(kit, { url, init, accessToken: secrets.accessToken, dpopKey: secrets.dpopKey });
}

async function read(
  answer: ResourceAnswer,
  { name }: Question,
): Promise<{ readonly kind: 'json'; readonly json: unknown } | ConnectionFailure> {
  if (answer.kind !== 'answer') return generalFailure(answer, 'am');
  const { response } = answer;
  const body = parseJson(new Uint8Array(await response.arrayBuffer()));
  const json = body.kind === 'json' ? body.value : undefined;
  if (response.status === 200) return { kind: 'json', json };
  const error = errorResponseSchema.safeParse(json);
  if (!error.success) return unusableAt('am', `status ${response.status} at the ${name} endpoint`);
  return generalFailure({ kind: 'oauth_error', status: response.status, error: error.data }, 'am');
}
