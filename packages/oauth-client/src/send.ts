import { OutboundError } from '@chatelaine/outbound-http';
import { type ErrorResponse, errorResponseSchema, parseJson, type ServerMetadata } from '@chatelaine/protocol';
import * as oauth from 'oauth4webapi';
import { dpopHandle } from './authenticate.ts';
import type { ClientDeps } from './deps.ts';
import { isInsecure } from './metadata.ts';
import { type Failure, type TimedOut, type Unreachable, type Unusable, unusable } from './outcome.ts';
import { retryAfterSeconds } from './retry-after.ts';
import type { SigningKey } from '@chatelaine/crypto';

/** An answer whose body has been read to its end. `response` is a fresh copy, for oauth4webapi to check. */
export interface Answer {
  readonly kind: 'answer';
  readonly status: number;
  readonly headers: Headers;
  /** The body by the strict parser; undefined if it is not JSON. */
  readonly json: unknown;
  readonly response: Response;
}

/** The options with which oauth4webapi's request functions are called. */
export interface SendOptions {
  readonly [oauth.customFetch]: (url: string, init: oauth.CustomFetchOptions<string, BodyType>) => Promise<Response>;
  readonly [oauth.allowInsecureRequests]: boolean;
  readonly DPoP?: oauth.DPoPHandle;
}
type BodyType = oauth.ProtectedResourceRequestBody;

export interface SendInput {
  readonly server: Pick<ServerMetadata, 'issuer'>;
  readonly dpopKey?: SigningKey | undefined;
  /** Makes the request by one of oauth4webapi's functions. Called a second time if the server asks for a DPoP nonce. */
  readonly request: (options: SendOptions) => Promise<Response>;
}

/** Sends one request: an answer with a success status, or how the request failed. Throws only on a bug of ours. */
export async function send(deps: ClientDeps, input: SendInput): Promise<Answer | Failure> {
  const handle = input.dpopKey === undefined ? undefined : await dpopHandle(deps, input.dpopKey);
  const first = await once(deps, input, handle);
  // RFC 9449 §8: the handle has taken the nonce from the answer
  const wantsNonce = first.kind === 'oauth_error' && first.error.error === 'use_dpop_nonce';
  return wantsNonce && handle !== undefined ? once(deps, input, handle) : first;
}

async function once(
  deps: ClientDeps,
  { request, server }: SendInput,
  handle: oauth.DPoPHandle | undefined,
): Promise<Answer | Failure> {
  let seen: Answer | Failure | undefined;
  const options: SendOptions = {
    [oauth.allowInsecureRequests]: isInsecure(server.issuer, deps.schemes),
    [oauth.customFetch]: async (url, init) => {
      seen = await exchangeBytes(deps, url, init);
      return seen.kind === 'answer' ? seen.response : Response.error();
    },
    ...(handle === undefined ? {} : { DPoP: handle }),
  };
  try {
    await request(options);
  } catch (error) {
    if (error instanceof oauth.OperationProcessingError && seen === undefined) return unusable(error.message);
    // the error with its challenge is read from the answer below, like any other
    if (!(error instanceof oauth.WWWAuthenticateChallengeError)) throw error;
  }
  if (seen === undefined) throw new Error('The request was never sent.');
  if (seen.kind !== 'answer' || seen.response.ok) return seen;
  return refusal({ ...seen, retryAfter: seen.headers.get('retry-after') });
}

async function exchangeBytes(
  { outbound }: ClientDeps,
  url: string,
  { method, headers, body, redirect }: oauth.CustomFetchOptions<string, BodyType>,
): Promise<Answer | Failure> {
  try {
    const text = typeof body === 'string' || body instanceof URLSearchParams ? { body: body.toString() } : {};
    const answer = await outbound.fetch(url, { method, headers, redirect, ...text });
    const bytes = new Uint8Array(await answer.arrayBuffer());
    const read = parseJson(bytes);
    const copied = new Headers([...answer.headers]);
    const bodyless = [101, 204, 205, 304].includes(answer.status);
    const response = new Response(bodyless ? null : bytes, { status: answer.status, headers: copied });
    const json = read.kind === 'json' && JSON_TYPE.test(copied.get('content-type') ?? '') ? read.value : undefined;
    return { kind: 'answer', status: answer.status, headers: copied, json, response };
  } catch (error) {
    if (error instanceof OutboundError) return transportFailure(error);
    throw error;
  }
}

export const JSON_TYPE = /^application\/json *(?:;|$)/i;

export function transportFailure({ reason, message }: OutboundError): Unusable | TimedOut | Unreachable {
  switch (reason) {
    case 'timeout':
      return { kind: 'timeout' };
    case 'refused':
    case 'unreachable':
    case 'busy':
    case 'closed':
      return { kind: 'unreachable', reason: message };
    case 'too_large':
    case 'bad_status':
    case 'bad_content_type':
    case 'bad_json':
    case 'redirect':
      return unusable(message);
  }
}

/**
 * The OAuth error that an answer holds, whatever its status (5xx and 429 carry one too); any other answer is unusable.
 * RFC 6749 §5.2, PROTOCOL §3.8.
 */
export function refusal({
  status,
  json,
  ...given
}: Pick<Answer, 'status' | 'json'> & { retryAfter: string | null }): Failure {
  const parsed = errorResponseSchema.safeParse(json);
  if (status < 400 || !parsed.success) return unusable(`status ${status} without an OAuth error`);
  const error: ErrorResponse = parsed.data;
  const retryAfter = retryAfterSeconds(given.retryAfter);
  return { kind: 'oauth_error', status, error, ...(retryAfter === undefined ? {} : { retryAfter }) };
}

/** Runs one of oauth4webapi's checks on an answer. An answer that fails it is unusable. */
export async function judge<T>(
  check: () => Promise<T>,
  accessToken?: string,
): Promise<{ kind: 'ok'; value: T } | Failure> {
  try {
    return { kind: 'ok', value: await check() };
  } catch (error) {
    if (error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError) {
      return unusable(error.code ?? 'not conform', accessToken);
    }
    throw error;
  }
}
