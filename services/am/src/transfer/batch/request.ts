import {
  type FormParams,
  invalidRequest,
  BATCH,
  TOKEN_TYPE,
  type TransferItem,
  type TransfersRequest,
  transfersRequestSchema,
} from '@chatelaine/protocol';

/** Reads the body of a batch call; one malformed item refuses all of it. PROTOCOL §5. */
export function readBatchRequest(body: unknown): TransfersRequest {
  if (isTooMany(body)) throw invalidRequest(`One call holds at most ${BATCH.items} transfers.`);
  const read = transfersRequestSchema.safeParse(body);
  if (!read.success) throw invalidRequest(describe(read.error.issues[0]));
  const ids = new Set(read.data.transfers.map(({ id }) => id));
  if (ids.size !== read.data.transfers.length) throw invalidRequest('Two transfers have the same id.');
  return read.data;
}

/** The caller's parameters, as the authorization server's client authentication takes them. */
export function clientParams({ client_id, client_assertion_type, client_assertion }: TransfersRequest): FormParams {
  return paramsOf({ client_id, client_assertion_type, client_assertion });
}

/** One item in the form of hop 1, so that the same code reads both. PROTOCOL §3.1. */
export function hopParams(
  { completion_mode }: Pick<TransfersRequest, 'completion_mode'>,
  { item, accessToken }: { item: TransferItem; accessToken: string },
): FormParams {
  const { resource, scope, purpose, actor_token } = item;
  return paramsOf({
    subject_token: accessToken,
    subject_token_type: TOKEN_TYPE.accessToken,
    resource,
    scope,
    purpose,
    actor_token,
    actor_token_type: actor_token === undefined ? undefined : TOKEN_TYPE.jwt,
    completion_mode,
  });
}

function paramsOf(given: Readonly<Record<string, string | undefined>>): FormParams {
  return new Map(Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

/** Before the items are parsed: a hundred thousand would each be parsed. */
function isTooMany(body: unknown): boolean {
  const { transfers } = (body ?? {}) as { readonly transfers?: unknown };
  return Array.isArray(transfers) && transfers.length > BATCH.items;
}

/** Where the first mistake is. Member names are the caller's own words, so they are not repeated. */
function describe(issue: { readonly code: string; readonly path: readonly PropertyKey[] } | undefined): string {
  const where = (issue?.path ?? [])
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('');
  const place = where === '' ? 'The body' : where.replace(/^\./, '');
  return issue?.code === 'unrecognized_keys'
    ? `${place} has a member that is not known.`
    : `${place} is missing or not as it should be.`;
}
