import { systemClock } from '@chatelaine/crypto';
import { applyMigrations, openPool } from '@chatelaine/postgres';
import { describeException } from '@chatelaine/outbound-http';
import { run } from '@chatelaine/service-kit';
import { createApp } from './app.ts';
import { readConfig } from './config.ts';
import { openPrisma } from './database.ts';
import { FLAVORS } from './flavor.ts';
import { migrationDirs } from './migration-dirs.ts';

await run(async () => {
  const config = readConfig();
  await applyMigrations(config.databaseUrl, migrationDirs);
  const pool = openPool({ url: config.databaseUrl, name: config.flavor, patience: config.databasePatience });
  const app = await createApp({
    config,
    flavor: FLAVORS[config.flavor],
    clock: systemClock,
    pool,
    prisma: await openPrisma(pool),
  });
  for (const exception of config.exceptions)
    app.log.info({ exception: describeException(exception) }, 'outbound exception');
  const drain = { noticeMs: config.stopNoticeSeconds * 1000 };
  return { app, host: config.listenAddress, port: config.port, drain };
});
