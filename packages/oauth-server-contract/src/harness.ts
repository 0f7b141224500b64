import type { OAuthStorage } from '@chatelaine/oauth-server';

/**
 * What of a test runner the contract needs; jest's own functions fit. Passed in, so that no runner is a dependency of
 * this package.
 */
export interface TestRunner {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => Promise<void>): void;
  beforeAll(body: () => Promise<void>): void;
  afterAll(body: () => Promise<void>): void;
}

/** A storage under test, made once for the whole suite. */
export interface StorageHarness {
  /** The same state through two doors, as two replicas have it: nothing may depend on which one is asked. */
  readonly replicas: readonly [OAuthStorage, OAuthStorage];
  /** Moves everything stored this many seconds into the past, which is how the suite lets time go by. */
  age(seconds: number): Promise<void>;
  stop(): Promise<void>;
}

/** What a part of the suite works with. */
export interface Bench {
  readonly storage: OAuthStorage;
  readonly replicas: readonly [OAuthStorage, OAuthStorage];
  age(seconds: number): Promise<void>;
}

/** Runs `count` calls at once, shared out over the replicas. */
export function race<T>(
  bench: Bench,
  count: number,
  call: (storage: OAuthStorage, n: number) => Promise<T>,
): Promise<T[]> {
  return Promise.all(
    Array.from({ length: count }, (_, n) => call(n % 2 === 0 ? bench.replicas[0] : bench.replicas[1], n)),
  );
}

/**
 * One storage after the other, `count` times: for two different steps that meet, again and again, each time a little
 * differently.
 */
export async function rounds(count: number, round: (n: number) => Promise<void>): Promise<void> {
  for (let n = 0; n < count; n++) await round(n);
}

/** How many outcomes are of this kind. */
export function countKind(outcomes: readonly { readonly kind: string }[], kind: string): number {
  return outcomes.filter((outcome) => outcome.kind === kind).length;
}
