import type { Clock } from '@chatelaine/protocol';

/** The machine's clock, in epoch seconds with a fraction. */
export const systemClock: Clock = { now: () => Date.now() / 1000 };
