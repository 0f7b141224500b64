import http from 'node:http';
import { type Answer, type Prepared, send } from './requests.ts';

export const CONCURRENCY = 8;

/** How long a block of requests took. */
export interface Block {
  /** Milliseconds of each request. */
  readonly latencies: readonly number[];
  readonly seconds: number;
  readonly answers: readonly Answer[];
}

/**
 * Sends all requests, at most `concurrency` at a time, over kept-alive connections. Rejects at the first answer that is
 * not a success.
 */
export async function runBlock(
  port: number,
  requests: readonly Prepared[],
  concurrency: number = CONCURRENCY,
): Promise<Block> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: concurrency });
  const latencies: number[] = [];
  const answers: Answer[] = [];
  const queue = requests.values();
  const worker = async (): Promise<void> => {
    for (const request of queue) {
      const before = performance.now();
      const answer = await send(port, request, agent);
      latencies.push(performance.now() - before);
      if (answer.status >= 300)
        throw new Error(`${request.path} answered ${answer.status}: ${JSON.stringify(answer.json)}`);
      answers.push(answer);
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: concurrency }, worker));
  const seconds = (performance.now() - began) / 1000;
  agent.destroy();
  return { latencies, seconds, answers };
}

/** The blocks of one server, combined. */
export interface Measured {
  readonly median: number;
  readonly p95: number;
  readonly perSecond: number;
}

export function summarize(blocks: readonly Block[]): Measured {
  const all = blocks.flatMap(({ latencies }) => latencies).toSorted((a, b) => a - b);
  const seconds = blocks.reduce((sum, block) => sum + block.seconds, 0);
  const at = (share: number): number => all[Math.min(all.length - 1, Math.floor(all.length * share))] ?? 0;
  return { median: at(0.5), p95: at(0.95), perSecond: all.length / seconds };
}
