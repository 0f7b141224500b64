import type { OAuthStorage } from '@chatelaine/oauth-server';

/**
 * The functions of a test runner that the contract needs, such as jest's. They are passed in, so that this package
 * depends on no runner.
 */
export interface TestRunner {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => Promise<void>): void;
  beforeAll(body: () => Promise<void>): void;
  afterAll(body: () => Promise<void>): void;
}

/** A storage under test, made once for the whole suite. */
export interface StorageHarness {
  /** Two replicas with the same state: nothing may depend on which one is called. */
  readonly replicas: readonly [OAuthStorage, OAuthStorage];
  /** Moves all stored times this many seconds into the past, as if time had passed. */
  age(seconds: number): Promise<void>;
  stop(): Promise<void>;
}

/** What each part of the suite gets. */
export interface Bench {
  readonly storage: OAuthStorage;
  readonly replicas: readonly [OAuthStorage, OAuthStorage];
  age(seconds: number): Promise<void>;
}

/** Runs `count` calls at once, distributed over the replicas. */
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
 * The replicas in turn, `count` times: for two different steps that run at the same time, each time a little
 * differently.
 */
export async function rounds(count: number, round: (n: number) => Promise<void>): Promise<void> {
  for (let n = 0; n < count; n++) await round(n);
}

/** The number of outcomes of this kind. */
export function countKind(outcomes: readonly { readonly kind: string }[], kind: string): number {
  return outcomes.filter((outcome) => outcome.kind === kind).length;
}
