import type { Streamed } from '@chatelaine/outbound-http';
import type { Service } from '../definitions/index.ts';
import type { Deps } from '../deps.ts';
import type { Credential } from './credential.ts';
import { learnSkew, signed } from './oauth1.ts';
import { oauth1At } from './party.ts';

/** A request to a service, without its credential. */
export interface UpstreamRequest {
  readonly service: Service;
  readonly origin: string;
  readonly method: string;
  /** Encoded; begins with a slash. */
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | null;
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  readonly timeoutSeconds: number;
}

/**
 * Sends a request to the account's origin, and nowhere else. The credential is added last, after the URL has been
 * checked to be the intended one. Redirects are not followed.
 *
 * @throws OutboundError when there was no answer
 */
export async function callService(
  deps: Pick<Deps, 'outbound' | 'clock' | 'config' | 'skews'>,
  request: UpstreamRequest,
  credential: Credential,
): Promise<Streamed> {
  const { service, origin, method, path, query, headers, body, ...limits } = request;
  const url = new URL(path, origin);
  if (url.origin !== origin || url.pathname !== path)
    throw new Error('A path that was checked is another one as a URL.');
  // encoded as both signatures and services read it: without plus signs (RFC 3986 §2.1)
  url.search = query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
  const once = (): Promise<Streamed> =>
    deps.outbound.stream(url, {
      method,
      headers: {
        ...service.headers,
        ...headers,
        authorization: authorization(deps, { service, url, method, credential }),
      },
      redirect: 'manual',
      ...(body === null ? {} : { body: Uint8Array.from(body) }),
      ...limits,
    });
  const answer = await once();
  if (credential.version === '2.0') return answer;
  if (!learnSkew(deps, { origin, status: answer.status, date: answer.headers.get('date') })) return answer;
  answer.cancel();
  return once();
}

const ACCOUNT_SECONDS = 5;
const ACCOUNT_BYTES = 65_536;

/**
 * Sends the definition's request that tells which account a credential is for; null if the token response tells it.
 *
 * @throws OutboundError when there was no answer
 */
export async function callForAccount(
  deps: Pick<Deps, 'outbound' | 'clock' | 'config' | 'skews'>,
  { service, signal }: { service: Service; signal: AbortSignal },
  credential: Credential,
): Promise<Streamed | null> {
  const { account, origin } = service;
  if (account.request === undefined) return null;
  const { pathname: path, searchParams } = new URL(account.request.slice('GET '.length), origin);
  const limits = { signal, maxBytes: ACCOUNT_BYTES, timeoutSeconds: ACCOUNT_SECONDS };
  const request = { service, origin, method: 'GET', path, query: [...searchParams], headers: {}, body: null };
  return callService(deps, { ...request, ...limits }, credential);
}

function authorization(
  deps: Pick<Deps, 'clock' | 'config' | 'skews'>,
  input: { service: Service; url: URL; method: string; credential: Credential },
): string {
  const { service, url, method, credential } = input;
  if (credential.version === '2.0') return `Bearer ${credential.accessToken}`;
  return signed(deps, oauth1At(deps, service), { request: { method, url }, credentials: credential });
}

/** Reads an answer completely. */
export async function bytesOf({ body }: Streamed): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces);
}
