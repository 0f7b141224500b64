/**
 * Runs tasks that nobody waits for, at most so many at a time. Others are refused, and a failure is left to the next
 * caller.
 */
export interface Background {
  hasRoom(): boolean;
  run(task: () => Promise<unknown>): void;
}

export function createBackground(max: number): Background {
  let running = 0;
  return {
    hasRoom: () => running < max,
    run(task) {
      if (running >= max) return;
      running += 1;
      const ended = (): void => void (running -= 1);
      task().then(ended, ended);
    },
  };
}
