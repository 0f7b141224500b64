import { spawn } from 'node:child_process';
import path from 'node:path';

/** The program as it runs here: compiled, or from its source. */
const PROGRAM = path.join(import.meta.dirname, `redraw-process${path.extname(import.meta.filename)}`);
/**
 * Limits that the operating system enforces: twenty seconds of processor time, 800 MB of memory (a Node process
 * reserves most of that and uses a tenth), no file written, no core dump.
 */
const LIMITS = 'ulimit -t 20 && ulimit -d 800000 && ulimit -f 0 && ulimit -c 0 && exec "$0" "$@"';
const KILL_AFTER_MS = 60_000;
const MOST_BYTES = 32_768;

/**
 * Redraws a picture, small and square, in a process with an empty environment: if its bytes exploit a bug of the
 * decoder, they reach no secrets and no connections. Null: it is no picture, or too large.
 */
export function redraw(bytes: Uint8Array): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', LIMITS, process.execPath, '--max-old-space-size=64', PROGRAM], {
      env: {},
      cwd: '/',
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: KILL_AFTER_MS,
      killSignal: 'SIGKILL',
    });
    const drawn: Buffer[] = [];
    let size = 0;
    child.stdout.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size > MOST_BYTES) child.kill('SIGKILL');
      else drawn.push(piece);
    });
    // the process may exit before it has read everything
    child.stdin.on('error', () => {});
    child.on('error', () => resolve(null));
    child.on('close', (code) => resolve(code === 0 && size > 0 ? Buffer.concat(drawn) : null));
    child.stdin.end(bytes);
  });
}
