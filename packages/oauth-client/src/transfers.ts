import { createDpopProof, type SigningKey } from '@chatelaine/crypto';
import { type Outbound, OutboundError, type Streamed } from '@chatelaine/outbound-http';
import {
  errorResponseSchema,
  BATCH,
  NDJSON,
  parseJson,
  type ServerMetadata,
  type TransferAnswer,
  type TransferItem,
  transferAnswerSchema,
  type TransfersRequest,
  transferResponseSchema,
} from '@chatelaine/protocol';
import { clientMembers } from './authenticate.ts';
import type { ClientDeps, ClientIdentity } from './deps.ts';
import type { Exchanged } from './grants.ts';
import { linesOf } from './lines.ts';
import { type Failure, unusable } from './outcome.ts';
import { refusal, transportFailure } from './send.ts';
import { accessTokenIn } from './tokens.ts';

export interface TransfersDeps extends ClientDeps {
  readonly outbound: ClientDeps['outbound'] & Pick<Outbound, 'stream'>;
}

export interface AskTransfersInput {
  /** An AM that has a `chatelaine_transfers_endpoint`. */
  readonly server: ServerMetadata;
  readonly client: ClientIdentity;
  /** The connection's access token, and the key to which it is bound. */
  readonly accessToken: string;
  readonly dpopKey: SigningKey;
  /** At most {@link BATCH.items}, each with an `id` of its own. */
  readonly transfers: readonly TransferItem[];
  readonly completionMode?: 'deferred';
  /** Aborts the call; iterating then throws the signal's reason. */
  readonly signal?: AbortSignal;
  /** Seconds from the start to the last answer; 40 by default. */
  readonly timeoutSeconds?: number;
}

/** The outcome of one transfer of a batch call. */
export interface AnsweredTransfer {
  readonly id: string;
  readonly answer: Exchanged | Failure;
}

export type TransfersAnswered =
  /**
   * One answer for each `id` asked for, in the order of arrival; those that the AM leaves out come last, as failures.
   * Leaving the loop ends the call.
   */
  { readonly kind: 'answers'; readonly answers: AsyncIterable<AnsweredTransfer> } | Failure;

const CALL_SECONDS = 40;
const MAX_ERROR_BYTES = 65_536;

/**
 * Sends many transfers in one batch call, and yields the answers as they arrive. If the AM answers some of them
 * wrongly, only those fail. PROTOCOL §5.
 */
export async function askTransfers(deps: TransfersDeps, input: AskTransfersInput): Promise<TransfersAnswered> {
  const url = input.server.chatelaine_transfers_endpoint;
  if (url === undefined) return unusable('no transfers endpoint');
  const call = { ...input, url };
  const first = await once(deps, call, undefined);
  // RFC 9449 §8, §9
  const wanted = first.kind === 'oauth_error' && first.error.error === 'use_dpop_nonce' ? first.nonce : undefined;
  return wanted === undefined ? first : once(deps, call, wanted);
}

type Call = AskTransfersInput & { readonly url: string };

async function once(
  deps: TransfersDeps,
  call: Call,
  nonce: string | undefined,
): Promise<TransfersAnswered & { readonly nonce?: string }> {
  try {
    const answer = await send(deps, call, nonce);
    if (answer.status !== 200) return await refused(answer);
    if (NDJSON_TYPE.test(answer.headers.get('content-type') ?? ''))
      return { kind: 'answers', answers: answersOf(answer.body, call) };
    answer.cancel();
    return unusable('not a stream of answers');
  } catch (error) {
    if (error instanceof OutboundError) return transportFailure(error);
    throw error;
  }
}

const NDJSON_TYPE = /^application\/x-ndjson *(?:;|$)/i;

async function send({ outbound, clock }: TransfersDeps, call: Call, nonce: string | undefined): Promise<Streamed> {
  const { url, server, client, accessToken, dpopKey, transfers, completionMode, signal } = call;
  const body: TransfersRequest = {
    transfers: [...transfers],
    ...(completionMode === undefined ? {} : { completion_mode: completionMode }),
    ...(await clientMembers(clock, client, server.issuer)),
  };
  const proof = { key: dpopKey, htm: 'POST', htu: url, accessToken, clock };
  return outbound.stream(url, {
    method: 'POST',
    headers: {
      authorization: `DPoP ${accessToken}`,
      dpop: await createDpopProof({ ...proof, ...(nonce === undefined ? {} : { nonce }) }),
      'content-type': 'application/json',
      accept: NDJSON,
    },
    body: JSON.stringify(body),
    redirect: 'manual',
    maxBytes: Math.max(MAX_ERROR_BYTES, transfers.length * 2 * BATCH.lineBytes),
    timeoutSeconds: call.timeoutSeconds ?? CALL_SECONDS,
    ...(signal === undefined ? {} : { signal }),
  });
}

async function refused({ status, headers, body }: Streamed): Promise<Failure & { readonly nonce?: string }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > MAX_ERROR_BYTES) return unusable(`status ${status} with a long answer`);
    chunks.push(chunk);
  }
  const read = parseJson(Buffer.concat(chunks));
  const nonce = headers.get('dpop-nonce');
  return {
    ...refusal({
      status,
      json: read.kind === 'json' ? read.value : undefined,
      retryAfter: headers.get('retry-after'),
    }),
    ...(nonce === null ? {} : { nonce }),
  };
}

async function* answersOf(body: AsyncIterable<Uint8Array>, { transfers }: Call): AsyncGenerator<AnsweredTransfer> {
  const missing = new Set(transfers.map(({ id }) => id));
  let end: Failure = { kind: 'unreachable', reason: 'the answers ended early' };
  try {
    for await (const line of linesOf(body, BATCH.lineBytes)) {
      if (line.length === 0) continue;
      const answered = readAnswer(line);
      // an AM that answers something else than was asked is not believed any further
      if (answered === null || !missing.delete(answered.id)) {
        end = unusable('an answer to nothing that was asked');
        break;
      }
      yield answered;
      if (missing.size === 0) return;
    }
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    end = transportFailure(error);
  }
  for (const id of missing) yield { id, answer: end };
}

/** Null if the line does not even say which transfer it answers. */
function readAnswer(line: Uint8Array): AnsweredTransfer | null {
  const read = parseJson(line);
  const json = read.kind === 'json' ? read.value : undefined;
  const parsed = transferAnswerSchema.safeParse(json);
  if (parsed.success) return { id: parsed.data.id, answer: answerIn(parsed.data) };
  const id = typeof json === 'object' && json !== null && 'id' in json ? json.id : undefined;
  return typeof id === 'string' ? { id, answer: unusable('not a transfer answer', accessTokenIn(json)) } : null;
}

function answerIn(answer: TransferAnswer): Exchanged | Failure {
  if ('access_token' in answer) return { kind: 'ok', response: transferResponseSchema.parse(answer) };
  const { status, retry_after: retryAfter } = answer;
  const error = errorResponseSchema.parse(answer);
  return { kind: 'oauth_error', status, error, ...(retryAfter === undefined ? {} : { retryAfter }) };
}
