/** A request that passed a proxy, and its answer, with all secrets in them. */
export interface Exchange {
  /** The service: `am`, `photos` … */
  service: string;
  /** The process that answered: `am-1`, `am-2` … */
  process: string;
  request: { method: string; path: string; headers: readonly [string, string][]; body: string };
  response: { status: number; headers: readonly [string, string][]; body: string };
}

/** What has passed since the recording began, in the order in which the answers ended. */
export interface Recording {
  readonly exchanges: readonly Exchange[];
  stop(): void;
}

export type Tap = (exchange: Exchange) => void;

export function createRecorder(onStop: () => void): { recording: Recording; tap: Tap } {
  const exchanges: Exchange[] = [];
  return { recording: { exchanges, stop: onStop }, tap: (exchange) => void exchanges.push(exchange) };
}

/** The first value of a header, or null. */
export function headerOf(message: { headers: readonly [string, string][] }, name: string): string | null {
  return message.headers.find(([key]) => key.toLowerCase() === name)?.[1] ?? null;
}
