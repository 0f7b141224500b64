import fs from 'node:fs';

/** Processes that carry the run's marker, whatever process group they have moved to. */
export function left({ marker }: { readonly marker: string }): number[] {
  const pids = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => readProc(pid, 'environ').split('\0').includes(marker)).map(Number);
}

/** Kills a process if it still exists. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

export function commandLine(pid: number): string {
  return `  ${pid} ${readProc(String(pid), 'cmdline').replaceAll('\0', ' ')}`;
}

/** Empty if the process is gone, is a zombie, or belongs to somebody else. */
function readProc(pid: string, file: string): string {
  try {
    return fs.readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
