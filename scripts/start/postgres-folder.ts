import fs from 'node:fs';
import path from 'node:path';

const OTHERS_MAY_ENTER = 0o001;

/**
 * The folder for Postgres' data: beside the secrets. If root starts it, it runs as nobody, who cannot reach a checkout
 * below a closed folder such as /root; then it is a folder where only root can make one, named after these secrets,
 * because without them the data could not be read.
 */
export function postgresFolder({ data, name }: { data: string; name: string }): string {
  if (process.getuid?.() !== 0 || isOpen(data)) return path.join(data, 'pg');
  const folder = path.join('/var/lib/chatelaine-start', name);
  fs.mkdirSync(folder, { recursive: true });
  // whatever the umask is
  for (const closed of [path.dirname(folder), folder]) fs.chmodSync(closed, 0o755);
  return path.join(folder, 'pg');
}

function isOpen(folder: string): boolean {
  const open = (fs.statSync(folder).mode & OTHERS_MAY_ENTER) !== 0;
  const above = path.dirname(folder);
  return open && (above === folder || isOpen(above));
}
