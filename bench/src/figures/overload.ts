import { setTimeout as pause } from 'node:timers/promises';
import type { Chain } from '../chain.ts';
import { type Sent, sendPaced, tookWith } from '../paced.ts';
import type { Prepared } from '../requests.ts';
import { at, type Figure, ms, seconds } from './figure.ts';

const TIMES = 10;
const SECONDS = 8;
const AFTER_SECONDS = 12;
/** The median over this many requests says how long transfers take. */
const WINDOW = 20;
const ASK_EVERY_MS = 200;
const MADE_AT_ONCE = 500;

/**
 * For some seconds ten times the load that it can serve, and then half of that again.
 *
 * @param normal.perSecond how many requests one process serves
 * @param normal.median milliseconds of a transfer at half of that
 */
export async function overload(chain: Chain, normal: { perSecond: number; median: number }): Promise<Figure[]> {
  const { perSecond, median } = normal;
  // proofs are valid for a minute
  const many = await prepared(chain, TIMES * perSecond * SECONDS);
  const later = await prepared(chain, (perSecond / 2) * AFTER_SECONDS);
  const health = askHealth(chain);
  const flood = sendPaced(chain.port, many, TIMES * perSecond);
  await pause(SECONDS * 1_000);
  const ended = performance.now();
  const after = await sendPaced(chain.port, later, perSecond / 2);
  const during = await flood;
  const asked = await health.stop();
  const [refused = [], held = []] = [during.filter(isRefusal), during.filter((one) => !isRefusal(one))].map((some) =>
    tookWith(some, 503),
  );
  const good = tookWith(during, 200);
  const other = [...during, ...after].filter(({ status }) => status !== 200 && status !== 503).length;
  return [
    {
      what: `at ${TIMES} times that load: until a 503`,
      held: '< 100 ms',
      measured: `p50 ${ms(at(refused, 0.5))}, p99 ${ms(at(refused, 0.99))} (of ${refused.length})`,
    },
    {
      what: 'admitted, and then a 503 because their one Host had no free slot',
      held: '–',
      measured: `p50 ${ms(at(held, 0.5))} (of ${held.length})`,
    },
    {
      what: 'transfers during it, compared with those before',
      held: '–',
      measured:
        `${((good.length / SECONDS / perSecond) * 100).toFixed(0)} %, ` +
        `p50 ${ms(at(good, 0.5))}, p99 ${ms(at(good, 0.99))}`,
    },
    {
      what: 'answers during it that were neither 200 nor 503',
      held: '0',
      measured: `${other} of ${during.length + after.length}`,
    },
    {
      what: '`/readyz` during it',
      held: '200',
      measured: `200 in ${asked.good} of ${asked.all}, the longest ${ms(asked.longest)}`,
    },
    {
      what: 'from its end until transfers take as long as before',
      held: '≤ 10 s',
      measured: recovered(after, { ended, median }),
    },
  ];
}

/** A refusal by the process itself; a Host's limit is a different one (ADR 0007). */
const isRefusal = ({ status, said }: Sent): boolean => status === 503 && said.startsWith('Too much is asked');

/** How long it took until the median of twenty requests was at most twice the normal one. */
function recovered(after: readonly Sent[], { ended, median }: { ended: number; median: number }): string {
  for (let from = 0; from + WINDOW <= after.length; from++) {
    const window = after.slice(from, from + WINDOW);
    const took = window.map((one) => (one.status === 200 ? one.took : Infinity));
    if (at(took, 0.5) <= 2 * median) return seconds(Math.max(0, (window[0]?.began ?? 0) - ended));
  }
  return `not in ${AFTER_SECONDS} s`;
}

async function prepared(chain: Chain, count: number): Promise<Prepared[]> {
  const made: Prepared[] = [];
  while (made.length < count)
    made.push(...(await chain.transfers(Math.min(MADE_AT_ONCE, Math.ceil(count - made.length)))));
  return made;
}

/** Asks for its health, as a load balancer does. */
function askHealth({ port }: Chain): { stop(): Promise<{ all: number; good: number; longest: number }> } {
  const asked: Promise<Sent>[] = [];
  const timer = setInterval(() => asked.push(ask(port)), ASK_EVERY_MS);
  return {
    async stop() {
      clearInterval(timer);
      const answers = await Promise.all(asked);
      const good = tookWith(answers, 200).length;
      return { all: answers.length, good, longest: Math.max(...answers.map(({ took }) => took)) };
    },
  };
}

async function ask(port: number): Promise<Sent> {
  const began = performance.now();
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
  await answer?.arrayBuffer();
  return { began, took: performance.now() - began, status: answer?.status ?? 0, said: '' };
}
