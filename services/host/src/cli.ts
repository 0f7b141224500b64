import { migrateCommand, openPool, openVault, rotateKeysCommand, runCli } from '@chatelaine/service-kit';
import { readConfig } from './config.ts';
import { migrationDirs } from './migration-dirs.ts';
import { SEALED_PLACES, VAULT_LABEL } from './sealed-places.ts';

const commands = {
  migrate: migrateCommand(() => ({ databaseUrl: readConfig().databaseUrl, dirs: migrationDirs })),
  'rotate-keys': rotateKeysCommand(async (work) => {
    const config = readConfig();
    const pool = openPool({ url: config.databaseUrl, name: 'chatelaine', max: 2 });
    try {
      const vault = await openVault({ pool, config, label: VAULT_LABEL, places: SEALED_PLACES });
      return await work({ pool, vault, places: SEALED_PLACES, placeOfSigningKey: null });
    } finally {
      await pool.end();
    }
  }),
};

process.exitCode = await runCli({ name: 'chatelaine', argv: process.argv.slice(2), commands });
