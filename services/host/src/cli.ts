import { keyCommands } from '@chatelaine/keys';
import { runCli } from '@chatelaine/service-kit';
import { readConfig } from './config.ts';
import { migrationDirs } from './migration-dirs.ts';
import { SEALED_PLACES, VAULT_LABEL } from './sealed-places.ts';

process.exitCode = await runCli({
  name: 'chatelaine',
  argv: process.argv.slice(2),
  commands: keyCommands({
    config: () => readConfig(),
    dirs: migrationDirs,
    label: VAULT_LABEL,
    places: SEALED_PLACES,
    placeOfSigningKey: null,
  }),
});
