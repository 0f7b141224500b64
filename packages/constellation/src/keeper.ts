import { spawn } from 'node:child_process';

/** Ends the given processes when this process has ended, even by kill -9. */
export interface Keeper {
  /** A leader of a process group; the whole group will be ended. */
  watch(pid: number): void;
  /** Stops watching. */
  dismiss(): void;
}

/** Reads group leaders from its input, one per line. The input ends when the writing process does. */
const SCRIPT =
  'trap "" INT TERM HUP; pids=; while read -r pid; do pids="$pids -$pid"; done; ' +
  '[ -z "$pids" ] || kill -s TERM -- $pids 2>/dev/null';

/** Starts a small shell, which outlives this process only until it has cleaned up. */
export function startKeeper(): Keeper {
  const shell = spawn('/bin/sh', ['-c', SCRIPT], { cwd: '/', stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  (shell.stdin as unknown as { unref?: () => void }).unref?.();
  return {
    watch: (pid) => void shell.stdin.write(`${pid}\n`),
    dismiss: () => void shell.kill('SIGKILL'),
  };
}
