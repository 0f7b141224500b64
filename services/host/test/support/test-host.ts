import { randomBytes } from 'node:crypto';
import { createInstance, type Embedded } from '@chatelaine/dev-postgres';
import { applyMigrations, openPool, type Pool } from '@chatelaine/postgres';
import type { FastifyInstance } from 'fastify';
import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { openPrisma } from '../../src/database.ts';
import { FLAVORS } from '../../src/flavor.ts';
import { migrationDirs } from '../../src/migration-dirs.ts';
import { Browser, freePort, clock } from '@chatelaine/test-kit';
import { type TestAm } from './test-am.ts';

/** The service, listening, on a database of its own. */
export interface TestHost {
  readonly issuer: string;
  readonly port: number;
  readonly app: FastifyInstance;
  readonly pool: Pool;
  browser(): Browser;
}

export async function startHost(
  embedded: Embedded,
  am: Pick<TestAm, 'port'>,
  env: Readonly<Record<string, string>> = {},
): Promise<TestHost> {
  const { url } = await createInstance(embedded, { role: 'photos', dirs: migrationDirs, apply: applyMigrations });
  const port = await freePort();
  const issuer = `http://photos.localhost:${port}`;
  const config = readConfig({
    ISSUER: issuer,
    NAME: 'Photos',
    FLAVOR: 'photos',
    PORT: String(port),
    DATABASE_URL: url,
    ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
    OUTBOUND_EXCEPTIONS: JSON.stringify([
      { host: 'am.localhost', port: am.port, scheme: 'http', cidr: '127.0.0.1/32' },
    ]),
    DEMO: 'true',
    LOG_LEVEL: 'silent',
    REFUSALS_PER_MINUTE: '1000000',
    ...env,
  });
  const pool = openPool({ url, name: 'photos' });
  const app = await createApp({ config, flavor: FLAVORS.photos, clock, pool, prisma: await openPrisma(pool) });
  await app.listen({ host: config.listenAddress, port });
  return { issuer, port, app, pool, browser: () => new Browser(port, { headers: { accept: 'text/html' } }) };
}
