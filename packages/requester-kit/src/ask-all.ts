import { askTransfers, type Exchanged, type TransfersAnswered } from '@chatelaine/oauth-client';
import { formatScope, BATCH, type TransferItem } from '@chatelaine/protocol';
import { eachAtMost } from './arrivals.ts';
import { type OpenConnection, open, reopen } from './connection.ts';
import { ABANDONED, obtain, type Shared, shareKeyOf } from './obtain.ts';
import type { Kit } from './options.ts';
import { settleTerms } from './settle-terms.ts';
import type { TransferRequest } from './token-cache.ts';
import { requesterStatement, statementBytes } from './statement.ts';
import { outcomeOf, type TransferOutcome, transferNow } from './transfer.ts';

export interface AskAll {
  /** Requests of one connection, each key once. */
  readonly requests: readonly TransferRequest[];
  readonly signal: AbortSignal;
  /** Called once for each, as the outcomes arrive. */
  readonly answered: (request: TransferRequest, outcome: TransferOutcome) => void;
}

/** Batch calls under way at a time for one {@link askAll}. */
const CALLS = 2;
/** Single transfers at a time, with an AM that knows no batch call. */
const SINGLES = 8;

/** Asks for all of them at once; requests that another caller is already making are shared. */
export async function askAll(kit: Kit, input: AskAll): Promise<void> {
  if (input.requests.length === 0) return;
  const mark = kit.tokens.mark();
  const claims = input.requests.map((request) => claim(kit, request));
  const mine = claims.filter(({ settle }) => settle !== null);
  const settled = new Map(mine.map(({ request, settle }) => [request, settle]));
  const answered: AskAll['answered'] = (request, outcome) => {
    if (outcome.kind === 'token') kit.tokens.put(request, outcome.token, mark);
    settled.get(request)?.(outcome);
    input.answered(request, outcome);
  };
  const others = claims.filter(({ settle }) => settle === null);
  try {
    await Promise.all([
      askMine(kit, { ...input, requests: mine.map(({ request }) => request), answered }),
      ...others.map(async ({ request, outcome }) => {
        const theirs = await outcome;
        const got = theirs.kind === 'abandoned' ? await obtain(kit, request, () => transferNow(kit, request)) : theirs;
        input.answered(request, got);
      }),
    ]);
  } finally {
    for (const settle of settled.values()) settle?.(ABANDONED);
  }
}

interface Claim {
  readonly request: TransferRequest;
  readonly outcome: Promise<Shared>;
  /** Null if another caller is already asking. */
  readonly settle: ((outcome: Shared) => void) | null;
}

function claim(kit: Kit, request: TransferRequest): Claim {
  const { promise, resolve } = Promise.withResolvers<Shared>();
  let own = false;
  const outcome = kit.share<Shared>(shareKeyOf(request), () => {
    own = true;
    return promise;
  });
  return { request, outcome, settle: own ? resolve : null };
}

async function askMine(kit: Kit, input: AskAll): Promise<void> {
  const [first] = input.requests;
  if (first === undefined) return;
  const opened = await open(kit, first);
  if (opened.kind !== 'open') return input.requests.forEach((request) => input.answered(request, opened));
  const together = (request: TransferRequest): boolean =>
    opened.server.chatelaine_transfers_endpoint !== undefined && fits(request);
  const many = input.requests.filter(together);
  const single = input.requests.filter((request) => !together(request));
  await Promise.all([
    askOneByOne(kit, { ...input, requests: single }),
    askMany(kit, { ...input, requests: many }, opened),
  ]);
}

/** Whether it fits as an item of a batch call; a longer one would get the whole call refused. */
function fits({ scope }: TransferRequest): boolean {
  return formatScope(scope).length <= BATCH.scopeChars;
}

async function askMany(kit: Kit, input: AskAll, opened: OpenConnection): Promise<void> {
  const [first] = input.requests;
  if (first === undefined) return;
  const refused = await askOnceMore(kit, input, opened);
  if (refused.length === 0) return;
  const again = await reopen(kit, first, opened);
  if (again.kind !== 'open') return refused.forEach((request) => input.answered(request, again));
  const still = await askOnceMore(kit, { ...input, requests: refused }, again);
  for (const request of still) input.answered(request, { kind: 'reconnect' });
}

/**
 * Answers the owner's terms if required, and asks once more for the items that waited for that. Returns those for which
 * the AM did not accept the connection token.
 */
async function askOnceMore(kit: Kit, input: AskAll, opened: OpenConnection): Promise<TransferRequest[]> {
  const unsigned: { request: TransferRequest; outcome: TransferOutcome }[] = [];
  const answered: AskAll['answered'] = (request, outcome) =>
    outcome.kind === 'terms_required' ? void unsigned.push({ request, outcome }) : input.answered(request, outcome);
  const refused = await askInChunks(kit, { ...input, answered }, opened);
  const [first] = unsigned;
  if (first === undefined) return refused;
  if ((await settleTerms(kit, first.request, opened)) !== 'accepted') {
    for (const { request, outcome } of unsigned) input.answered(request, outcome);
    return refused;
  }
  const signed = await askInChunks(kit, { ...input, requests: unsigned.map(({ request }) => request) }, opened);
  return [...refused, ...signed];
}

async function askOneByOne(kit: Kit, { requests, signal, answered }: AskAll): Promise<void> {
  await eachAtMost(SINGLES, requests, async (request) => {
    signal.throwIfAborted();
    answered(request, await transferNow(kit, request));
  });
}

/** Returns those for which the AM did not accept the connection token. */
async function askInChunks(kit: Kit, input: AskAll, opened: OpenConnection): Promise<TransferRequest[]> {
  const refused: TransferRequest[] = [];
  await eachAtMost(CALLS, chunksOf(input.requests.map(itemOf), opened), async (chunk) => {
    for await (const { request, outcome } of askChunk(kit, { chunk, opened, signal: input.signal }))
      if (outcome === 'token_refused') refused.push(request);
      else input.answered(request, outcome);
  });
  return refused;
}

interface Asked {
  readonly request: TransferRequest;
  readonly item: TransferItem;
}

interface Chunk {
  readonly chunk: readonly Asked[];
  readonly opened: OpenConnection;
  readonly signal: AbortSignal;
}

async function* askChunk(
  kit: Kit,
  { chunk, opened, signal }: Chunk,
): AsyncGenerator<{ request: TransferRequest; outcome: TransferOutcome | 'token_refused' }> {
  const { server, client, secrets } = opened;
  const { accessToken, dpopKey } = secrets;
  // signed when they are sent: the chunks before this one took their time
  const transfers = await Promise.all(chunk.map((asked) => withStatement(kit, opened, asked)));
  const wait = chunk[0]?.request.wait;
  const call = await askTransfers(kit, {
    server,
    client,
    accessToken,
    dpopKey,
    transfers,
    signal,
    ...(wait && { completionMode: wait }),
  });
  if (call.kind !== 'answers') {
    for (const { request } of chunk)
      yield { request, outcome: refusesToken(call) ? 'token_refused' : outcomeOf(kit, request, opened, call) };
    return;
  }
  const byId = new Map(chunk.map(({ item, request }) => [item.id, request]));
  for await (const { id, answer } of call.answers) {
    const request = byId.get(id);
    if (request === undefined) continue;
    yield { request, outcome: refusesToken(answer) ? 'token_refused' : outcomeOf(kit, request, opened, answer) };
  }
}

/**
 * Whether the connection token was not accepted: as at any resource (RFC 9449 §7.1), or as a subject_token, also in the
 * middle of a call (RFC 8693 §2.2.2, PROTOCOL §3.8).
 */
function refusesToken(answer: Exchanged | TransfersAnswered): boolean {
  return answer.kind === 'oauth_error' && ['invalid_token', 'invalid_request'].includes(answer.error.error);
}

function itemOf(request: TransferRequest, index: number): Asked {
  const { resource, scope, purpose } = request;
  const item = { id: String(index), resource, scope: formatScope(scope) };
  return { request, item: purpose === undefined ? item : { ...item, purpose } };
}

async function withStatement(kit: Kit, opened: OpenConnection, { item, request }: Asked): Promise<TransferItem> {
  const statement = await requesterStatement(kit, opened, request);
  return statement === undefined ? item : { ...item, actor_token: statement };
}

/** Space left for the rest of the body: the client's assertion. */
const AROUND_BYTES = 8_192;

function chunksOf(asked: readonly Asked[], opened: OpenConnection): Asked[][] {
  const chunks: Asked[][] = [];
  let room = 0;
  for (const one of asked) {
    const bytes = Buffer.byteLength(JSON.stringify(one.item)) + 1 + statementBytes(opened, one.request);
    const last = chunks.at(-1);
    if (last === undefined || last.length === BATCH.items || bytes > room) {
      chunks.push([one]);
      room = BATCH.requestBytes - AROUND_BYTES - bytes;
    } else {
      last.push(one);
      room -= bytes;
    }
  }
  return chunks;
}
