import { parseJson, PROTOTYPE_NAMES } from '@chatelaine/protocol';
import { type AnswerHeaders, type ExchangeDeps, exchange } from './exchange.ts';
import { freshForSeconds } from './freshness.ts';
import { type FailureReason, OutboundError } from './outbound-error.ts';

export interface FetchJsonInput {
  readonly url: string;
  /** In bytes; 64 KB by default. */
  readonly maxBytes?: number;
  /** Seconds from start to the last byte; 3 by default. */
  readonly timeoutSeconds?: number;
  /** The `Accept` header; `application/json` by default. */
  readonly accept?: string;
}

export type JsonDocument =
  | {
      readonly kind: 'ok';
      /** Always 200: an answer of any other status is a failure. */
      readonly status: number;
      /** Parsed strictly; its shape has not been checked. */
      readonly json: unknown;
      readonly headers: AnswerHeaders;
      /** Seconds for which the sender says it is fresh; 0 if it says nothing. The caller bounds it. */
      readonly freshForSeconds: number;
    }
  | {
      readonly kind: 'failed';
      readonly reason: FailureReason;
      /** For the operator's log; holds nothing of the answer but the status. */
      readonly detail: string;
    };

/** Fetches a stranger's JSON document: metadata, client document, key set. Never throws, and follows no redirect. */
export async function fetchJson(
  deps: ExchangeDeps,
  input: FetchJsonInput & { timeoutSeconds: number },
): Promise<JsonDocument> {
  if (!URL.canParse(input.url)) return { kind: 'failed', reason: 'refused', detail: 'It is not a URL.' };
  const url = new URL(input.url);
  url.hash = '';
  try {
    const { status, headers, body } = await exchange(deps, {
      url,
      method: 'GET',
      headers: { accept: input.accept ?? 'application/json', 'user-agent': 'chatelaine' },
      body: null,
      maxBytes: input.maxBytes ?? 65_536,
      timeoutSeconds: input.timeoutSeconds,
      lane: url.origin,
      inspect: requireJsonDocument,
    });
    const read = parseJson(body, { refusedNames: PROTOTYPE_NAMES });
    if (read.kind === 'malformed') return { kind: 'failed', reason: 'bad_json', detail: read.reason };
    return { kind: 'ok', status, json: read.value, headers, freshForSeconds: freshForSeconds(headers) };
  } catch (error) {
    if (error instanceof OutboundError) return { kind: 'failed', reason: error.reason, detail: error.message };
    throw error;
  }
}

function requireJsonDocument(status: number, headers: AnswerHeaders): void {
  if (status >= 300 && status < 400) throw new OutboundError('redirect', `A redirect (${status}) is not followed.`);
  if (status !== 200) throw new OutboundError('bad_status', `The status is ${status}.`);
  const type = headers['content-type'];
  if (typeof type !== 'string' || !JSON_TYPE.test(type))
    throw new OutboundError('bad_content_type', 'The answer is not JSON.');
}

// RFC 6838 §4.2.8: application/json, or any application/…+json such as application/jwk-set+json
const JSON_TYPE = /^application\/(?:[a-z0-9!#$&^_.-]{1,80}\+)?json[ \t]*(?:;[ \t]*charset="?utf-8"?[ \t]*)?$/i;
