import { fetchResource, type ResourceAnswer } from '@chatelaine/oauth-client';
import { open } from './connection.ts';
import type { Kit } from './options.ts';
import { generalFailure, unusableAt } from './outcome.ts';
import type { ConnectionRef } from './requester-store.ts';
import type { HostToken } from './token-cache.ts';
import { requestOf, transfer, type TransferInput, type TransferOutcome } from './transfer.ts';

/** A body that can be sent a second time. */
export interface CallInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** Largest answer accepted, in bytes; by default 64 KB. */
  readonly maxBytes?: number;
  /** Seconds from start to last byte; by default 5. */
  readonly timeoutSeconds?: number;
  /** Aborts the call, which then throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The outcome of a call of a Host's API: an answer, or why there is no token to call it with. */
export type CallOutcome =
  /** The Host's answer, also when it is an error. */
  { readonly kind: 'response'; readonly response: Response } | Exclude<TransferOutcome, { kind: 'token' }>;

/**
 * Calls a Host: obtains the token, proves possession of the key, and tries once more with a fresh token if the Host
 * answers 401. PROTOCOL §4.
 */
export async function call(kit: Kit, input: TransferInput, url: string, init: CallInit = {}): Promise<CallOutcome> {
  const request = requestOf(kit, input);
  if (request === null || !isUnder(url, request.resource))
    return unusableAt('host', 'the URL is not under the resource');
  const first = await transfer(kit, input);
  if (first.kind !== 'token') return first;
  const answer = await send(kit, input, { token: first.token, url, init });
  if (answer.kind !== 'response' || answer.response.status !== 401) return answer;
  kit.tokens.forget(request, first.token);
  const second = await transfer(kit, input);
  return second.kind === 'token' ? send(kit, input, { token: second.token, url, init }) : second;
}

interface Send {
  readonly token: HostToken;
  readonly url: string;
  readonly init: CallInit;
}

async function send(kit: Kit, ref: ConnectionRef, { token, url, init }: Send): Promise<CallOutcome> {
  const opened = await open(kit, ref);
  if (opened.kind !== 'open') return opened;
  const { dpopKey } = opened.secrets;
  const answer: ResourceAnswer = await fetchResource(kit, { url, init, accessToken: token.accessToken, dpopKey });
  return answer.kind === 'answer' ? { kind: 'response', response: answer.response } : generalFailure(answer, 'host');
}

/**
 * PROTOCOL §3.5: the token goes to its resource only. The URL is judged as it will be sent, after `..` and the like are
 * resolved.
 */
function isUnder(url: string, resource: string): boolean {
  const [target, base] = [URL.parse(url), URL.parse(resource)];
  if (target === null || base === null || target.origin !== base.origin) return false;
  if (target.username !== '' || target.password !== '') return false;
  // a server may decode these after routing
  if (/%2f|%5c|%2e/i.test(target.pathname)) return false;
  const path = base.pathname.replace(/\/$/, '');
  return target.pathname === path || target.pathname.startsWith(`${path}/`);
}
