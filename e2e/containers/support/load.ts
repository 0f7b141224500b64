import { setTimeout as pause } from 'node:timers/promises';
import { hashOfHostToken } from '../../faults/ledger.ts';
import type { RawRequester } from '../../test/support/raw-requester.ts';

/** One request under load: 0 when nothing came back at all. */
export interface Sent {
  readonly at: number;
  readonly tookMs: number;
  readonly status: number;
  readonly retryAfter: string | null;
  /** The token that came, as the Host's tables know it. */
  readonly token: string | null;
}

/** Transfers, over and over, until it is stopped; each of three workers waits a little between two. */
export interface Load {
  readonly sent: readonly Sent[];
  stop(): Promise<readonly Sent[]>;
}

/** So many requests are under way at once, at most. */
export const WORKERS = 3;
const IDLE_MS = 30;

export function startLoad(
  raw: RawRequester,
  input: { token: string; resource: string; scope: string; idleMs?: number },
): Load {
  const sent: Sent[] = [];
  let going = true;
  const { token, idleMs = IDLE_MS, ...wanted } = input;
  const work = async (): Promise<void> => {
    while (going) {
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
      going = false;
      await Promise.all(workers);
      return sent;
    },
  };
}

/** What was handed out. */
export function tokensOf(sent: readonly Sent[]): readonly string[] {
  return sent.flatMap(({ token }) => (token === null ? [] : [token]));
}

/** 504 is the AM's word that a Host took more than five seconds: a slow machine, and nothing that was lost. */
export const lostIn = (sent: readonly Sent[]): readonly Sent[] =>
  sent.filter(({ status }) => status !== 200 && status !== 504);
