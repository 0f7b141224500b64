/** One task per key at a time; whoever asks meanwhile gets the same outcome. */
export function createShare(): <T>(key: string, task: () => Promise<T>) => Promise<T> {
  const running = new Map<string, Promise<unknown>>();
  return <T>(key: string, task: () => Promise<T>): Promise<T> => {
    const already = running.get(key) as Promise<T> | undefined;
    if (already !== undefined) return already;
    const started = task().finally(() => running.delete(key));
    running.set(key, started);
    return started;
  };
}
