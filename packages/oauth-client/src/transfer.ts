import { OutboundError, type Outbound } from '@chatelaine/outbound-http';
import {
  type Clock,
  formatForm,
  GRANT,
  parseJson,
  type ServerMetadata,
  transferResponseSchema,
} from '@chatelaine/protocol';
import { clientMembers } from './authenticate.ts';
import type { ClientIdentity } from './deps.ts';
import { type Exchanged, exchangeParams } from './grants.ts';
import { type Failure, unusable } from './outcome.ts';
import { JSON_TYPE, refusal, transportFailure } from './send.ts';
import { accessTokenIn } from './tokens.ts';

/** One hop 2, from the request to the Host until its answer. The caller reads `sent` even if the call throws. */
export interface HopContext {
  /** The time at which the hop ends, in milliseconds of `performance.now()`. */
  readonly deadline: number;
  /** Aborted when the caller of hop 1 has disconnected. */
  readonly signal: AbortSignal | undefined;
  /** A request has been sent, and it is not certain that the Host minted nothing for it. */
  sent: boolean;
}

export interface RequestTransferInput {
  readonly server: Pick<ServerMetadata, 'issuer' | 'token_endpoint'>;
  readonly client: ClientIdentity;
  /** The link's access token. */
  readonly subjectToken: string;
  readonly resource: string;
  /** Values separated by spaces. */
  readonly scope: string;
  /** The AM's statement. PROTOCOL §3.3. */
  readonly actorToken: string;
}

/**
 * Hop 2: asks a Host to mint a token, by the same token exchange as {@link exchange}, without a DPoP header. An AM
 * makes one such call per transfer, so it spares the objects of `fetch`. Throws the reason of the hop's signal, and
 * bugs of ours. PROTOCOL §3.3.
 */
export async function requestTransfer(
  { outbound, clock }: { readonly outbound: Pick<Outbound, 'post'>; readonly clock: Clock },
  input: RequestTransferInput,
  hop: HopContext,
): Promise<Exchanged | Failure> {
  const { server, client } = input;
  const form = {
    grant_type: GRANT.tokenExchange,
    ...exchangeParams(input),
    ...(await clientMembers(clock, client, server.issuer)),
  };
  const timeoutSeconds = (hop.deadline - performance.now()) / 1000;
  if (timeoutSeconds <= 0) return { kind: 'timeout' };
  hop.signal?.throwIfAborted();
  hop.sent = true;
  try {
    const answer = await outbound.post({
      url: server.token_endpoint,
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' },
      body: formatForm(form),
      timeoutSeconds,
      signal: hop.signal,
    });
    const read = readTransfer(answer);
    if (saysThatNothingWasMinted(read)) hop.sent = false;
    return read;
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    if (error.unsent) hop.sent = false;
    return transportFailure(error);
  }
}

function readTransfer({ status, headers, body }: Awaited<ReturnType<Outbound['post']>>): Exchanged | Failure {
  const parsed = parseJson(body);
  const isJson = parsed.kind === 'json' && JSON_TYPE.test(String(headers['content-type'] ?? ''));
  const json = isJson ? parsed.value : undefined;
  const retryAfter = headers['retry-after'];
  if (status < 200 || status >= 300)
    return refusal({ status, json, retryAfter: typeof retryAfter === 'string' ? retryAfter : null });
  const accessToken = accessTokenIn(json);
  // RFC 6749 §5.1
  if (status !== 200) return unusable(`status ${status}`, accessToken);
  const response = transferResponseSchema.safeParse(json);
  return response.success ? { kind: 'ok', response: response.data } : unusable('not a transfer response', accessToken);
}

/** An OAuth error of the Host says so. A 5xx other than 503 may come from a proxy that has lost the Host's answer. */
function saysThatNothingWasMinted(answer: Exchanged | Failure): boolean {
  return answer.kind === 'oauth_error' && (answer.status < 500 || answer.status === 503);
}
