import { systemClock } from '@chatelaine/crypto';
import { applyMigrations, openPool } from '@chatelaine/postgres';
import { describeException } from '@chatelaine/outbound-http';
import { run } from '@chatelaine/service-kit';
import { createApp, openServices, openOutbound } from './app.ts';
import { readConfig } from './config.ts';
import { migrationDirs } from './migration-dirs.ts';

await run(async () => {
  const config = readConfig();
  const services = await openServices(config);
  await applyMigrations(config.databaseUrl, migrationDirs);
  const pool = openPool({ url: config.databaseUrl, name: 'bridge', patience: config.databasePatience });
  const app = await createApp({ config, clock: systemClock, pool, outbound: openOutbound(config), services });
  for (const exception of config.exceptions)
    app.log.info({ exception: describeException(exception) }, 'outbound exception');
  const drain = { noticeMs: config.stopNoticeSeconds * 1000 };
  return { app, host: config.listenAddress, port: config.port, drain };
});
