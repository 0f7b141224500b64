import { keyCommands } from '@chatelaine/keys';
import { runCli } from '@chatelaine/service-kit';
import { readConfig } from './config.ts';
import { migrationDirs } from './migration-dirs.ts';
import { ENCRYPTED_COLUMNS, VAULT_LABEL } from './encrypted-columns.ts';

process.exitCode = await runCli({
  name: 'chatelaine',
  argv: process.argv.slice(2),
  commands: keyCommands({
    config: () => readConfig(),
    dirs: migrationDirs,
    label: VAULT_LABEL,
    columns: ENCRYPTED_COLUMNS,
    signingKeyAad: null,
  }),
});
