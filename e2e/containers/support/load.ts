import { setTimeout as pause } from 'node:timers/promises';
import { hashOfHostToken } from '../../faults/ledger.ts';
import type { RawRequester } from '../../test/support/raw-requester.ts';

/** A request of the load. */
export interface SentRequest {
  readonly at: number;
  readonly tookMs: number;
  /** 0: there was no response. */
  readonly status: number;
  readonly retryAfter: string | null;
  /** The hash of the token that was issued, as it is in the Host's tables. */
  readonly token: string | null;
}

/** Transfers by three workers, each with a pause between two requests, until it is stopped. */
export interface Load {
  readonly sent: readonly SentRequest[];
  stop(): Promise<readonly SentRequest[]>;
}

/** The most requests at once. */
export const WORKERS = 3;
const IDLE_MS = 30;

export function startLoad(
  raw: RawRequester,
  input: { token: string; resource: string; scope: string; idleMs?: number },
): Load {
  const sent: SentRequest[] = [];
  let running = true;
  const { token, idleMs = IDLE_MS, ...wanted } = input;
  const work = async (): Promise<void> => {
    while (running) {
      const at = Date.now();
      const answer = await raw.exchange(token, wanted).catch(() => null);
      const retryAfter = answer?.headers.get('retry-after') ?? null;
      const handedOut = hashOfHostToken(answer?.body['access_token']);
      sent.push({ at, tookMs: Date.now() - at, status: answer?.status ?? 0, retryAfter, token: handedOut });
      await pause(idleMs);
    }
  };
  const workers = Array.from({ length: WORKERS }, work);
  return {
    sent,
    async stop() {
      running = false;
      await Promise.all(workers);
      return sent;
    },
  };
}

/** The tokens that were issued. */
export function tokensOf(sent: readonly SentRequest[]): readonly string[] {
  return sent.flatMap(({ token }) => (token === null ? [] : [token]));
}

/** Without 504: it says that a Host took more than five seconds, as it may on a slow machine. */
export const failuresIn = (sent: readonly SentRequest[]): readonly SentRequest[] =>
  sent.filter(({ status }) => status !== 200 && status !== 504);
