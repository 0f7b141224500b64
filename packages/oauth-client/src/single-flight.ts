/** At most one task per key at a time: whoever asks while one is running gets its outcome. */
export function createSingleFlight(): <T>(key: string, task: () => Promise<T>) => Promise<T> {
  const running = new Map<string, Promise<unknown>>();
  return <T>(key: string, task: () => Promise<T>): Promise<T> => {
    const already = running.get(key) as Promise<T> | undefined;
    if (already !== undefined) return already;
    const started = task().finally(() => running.delete(key));
    running.set(key, started);
    return started;
  };
}
