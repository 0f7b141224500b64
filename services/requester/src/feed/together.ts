/** What a promise resolves to, or `otherwise` once the time is up. */
export async function inTime<T, U>(promise: Promise<T>, seconds: number, otherwise: U): Promise<T | U> {
  const late = Promise.withResolvers<U>();
  const timer = setTimeout(() => late.resolve(otherwise), seconds * 1000);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs at most `max` tasks at a time; the others wait in order. */
export function atMost(max: number): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running < max) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      // a task that ends hands its slot over
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

/** The values in the order in which the promises resolve. */
export async function* asTheyCome<T>(promises: readonly Promise<T>[]): AsyncGenerator<T> {
  const slots = promises.map(() => Promise.withResolvers<T>());
  // if the reader stops early, failures of the remaining promises are unhandled otherwise
  for (const { promise } of slots) promise.catch(() => undefined);
  let next = 0;
  for (const promise of promises)
    promise.then(
      (value) => slots[next++]?.resolve(value),
      (error: unknown) => slots[next++]?.reject(error),
    );
  for (const { promise } of slots) yield await promise;
}
