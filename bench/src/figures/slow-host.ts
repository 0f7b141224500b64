import { setTimeout as pause } from 'node:timers/promises';
import { act, freePorts, type HostileHost, openHostileHost } from '@chatelaine/constellation';
import type { Beside, Chain } from '../chain.ts';
import { runBlock } from '../load.ts';
import { type Sent, sendPaced, tookWith } from '../paced.ts';
import { at, type Figure, ms, seconds } from './figure.ts';

const NAME = 'slow';
const ROUNDS = 8;
const BLOCK_SECONDS = 12;
/** The first seconds of a block are not counted; the garbage from signing it is collected in them. */
const WARM_SECONDS = 3;
const SLOW_PER_SECOND = 3;
/** The share of a process's capacity with which the healthy Host is asked. */
const LOAD = 0.3;
const ANSWER_AFTER_MS = 30_000;
/** After this, a Host whose circuit is open is tried again. ADR 0007 */
const CIRCUIT_OPEN_MS = 10_500;

/** A second Host besides that of the chain; it is healthy until its script is changed. */
export interface SlowHost {
  readonly beside: Beside;
  readonly host: HostileHost;
}

export async function openSlowHost(): Promise<SlowHost> {
  const [port = 0] = await freePorts(1);
  const issuer = `http://${NAME}.localhost:${port}`;
  const host = await openHostileHost({ name: NAME, port, url: issuer, tls: null });
  return { beside: { name: NAME, issuer, port }, host };
}

const slowly: act.Act = (scene) => {
  const timer = setTimeout(() => act.honestly(scene), ANSWER_AFTER_MS);
  scene.response.on('close', () => clearTimeout(timer));
};

/**
 * Alternating blocks of transfers to two Hosts, one of which is healthy in one kind of block and answers after 30 s in
 * the other; compares how long those to the other Host took.
 */
export async function besideSlowHost(chain: Chain, slow: SlowHost, perSecond: number): Promise<Figure[]> {
  const well: Blocks = { before: [], beside: [] };
  const late: Sent[] = [];
  const circuitOpen: number[] = [];
  const both = () => Promise.all([block(chain, perSecond), blockTo(chain, slow)]);
  for (let turn = 0; turn < ROUNDS; turn++) {
    // asked as often as later: only how it answers is compared
    well.before.push((await both())[0]);
    slow.host.script.transfer = slowly;
    const began = performance.now();
    const [healthy, hanging] = await both();
    well.beside.push(healthy);
    late.push(...hanging);
    const held = hanging.find(({ status }) => status === 503);
    if (held !== undefined) circuitOpen.push(held.began - began);
    delete slow.host.script.transfer;
    await pause(Math.max(0, began + (circuitOpen.at(-1) ?? 0) + CIRCUIT_OPEN_MS - performance.now()));
    // it answers again, so that its circuit is closed in the next block
    await runBlock(chain.port, await chain.transfers(1, { host: slow.beside }), 1);
  }
  return [latencies(well), ...figuresOf(late, circuitOpen)];
}

interface Blocks {
  readonly before: Sent[][];
  readonly beside: Sent[][];
}

function latencies(blocks: Blocks): Figure {
  const all = [...blocks.before, ...blocks.beside].flat();
  const compared = (share: number): string => {
    const [before, then] = [typical(blocks.before, share), typical(blocks.beside, share)];
    const change = (then / before - 1) * 100;
    return `${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(0)} % (${ms(before)}, then ${ms(then)})`;
  };
  return {
    what: 'one Host’s transfers beside another that first answers at once, then after 30 s',
    held: 'p99 ≤ +20 %',
    measured:
      `p50 ${compared(0.5)}, p99 ${compared(0.99)}, medians of ${ROUNDS} blocks; ` +
      `${tookWith(all, 200).length} of ${all.length} good`,
  };
}

/** The median of the blocks' values: a disk that stalls for a moment affects one of them. */
const typical = (blocks: readonly Sent[][], share: number): number =>
  at(
    blocks.map((sent) => at(tookWith(sent, 200), share)),
    0.5,
  );

function figuresOf(late: readonly Sent[], circuitOpen: readonly number[]): Figure[] {
  const timedOut = tookWith(late, 504);
  const held = tookWith(late, 503);
  const other = late.length - timedOut.length - held.length;
  return [
    {
      what: 'the slow Host’s: until a 504',
      held: 'a little over 5 s',
      measured:
        `p50 ${seconds(at(timedOut, 0.5))}, longest ${seconds(Math.max(...timedOut))} (of ${timedOut.length}; ` +
        `${other} other answers)`,
    },
    {
      what: 'until its circuit opens, and a 503 then',
      held: 'after 5 failures',
      measured: `${seconds(at(circuitOpen, 0.5))} (in ${circuitOpen.length} of ${ROUNDS}), ${ms(at(held, 0.5))}`,
    },
  ];
}

async function block(chain: Chain, perSecond: number): Promise<Sent[]> {
  const rate = LOAD * perSecond;
  const sent = await sendPaced(chain.port, await chain.transfers(Math.round(rate * BLOCK_SECONDS)), rate);
  // one kind of block follows a pause, the other does not
  return sent.slice(Math.round(rate * WARM_SECONDS));
}

async function blockTo(chain: Chain, { beside }: SlowHost): Promise<Sent[]> {
  const requests = await chain.transfers(SLOW_PER_SECOND * BLOCK_SECONDS, { host: beside });
  return sendPaced(chain.port, requests, SLOW_PER_SECOND);
}
