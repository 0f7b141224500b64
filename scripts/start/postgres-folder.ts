import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const OTHERS_MAY_ENTER = 0o001;

/**
 * Where Postgres keeps its data: in the checkout. Started by root it runs as nobody, who cannot reach a checkout below a closed folder such as
 * /root; then it is a folder of its own, named for the checkout, where only root can make one.
 */
export function postgresFolder(data: string): string {
  const inside = path.join(data, 'pg');
  if (process.getuid?.() !== 0 || isOpen(path.dirname(data))) return inside;
  const name = createHash('sha256').update(data).digest('hex').slice(0, 12);
  return path.join('/var/lib/chatelaine-start', name, 'pg');
}

function isOpen(folder: string): boolean {
  const open = (fs.statSync(folder).mode & OTHERS_MAY_ENTER) !== 0;
  const above = path.dirname(folder);
  return open && (above === folder || isOpen(above));
}
