import { spawn } from 'node:child_process';

/** Ends the processes given to it when this process is gone, however it went: kill -9 included. */
export interface Keeper {
  /** A process that leads its own group: the whole group will be ended. */
  watch(pid: number): void;
  /** Nothing is left to watch. */
  dismiss(): void;
}

/** Reads group leaders from its input, one a line; when the input ends, whoever wrote it has died. */
const SCRIPT =
  'trap "" INT TERM HUP; pids=; while read -r pid; do pids="$pids -$pid"; done; ' +
  '[ -z "$pids" ] || kill -s TERM -- $pids 2>/dev/null';

/** Starts one small shell that outlives us only long enough to clean up. */
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
