import fs from 'node:fs/promises';
import { keyCommands } from '@chatelaine/keys';
import { runCli, UsageError } from '@chatelaine/service-kit';
import { doctor } from './cli/doctor.ts';
import { readConfig } from './config.ts';
import { describeService } from './definitions/describe.ts';
import { readDefinition } from './definitions/read-definition.ts';
import { migrationDirs } from './migration-dirs.ts';
import { ENCRYPTED_COLUMNS, VAULT_LABEL } from './encrypted-columns.ts';

process.exitCode = await runCli({
  name: 'chatelaine-bridge',
  argv: process.argv.slice(2),
  commands: {
    check: {
      usage: 'FILE',
      says: 'reads the definition of a service, tries its examples, and says what it would do',
      async run([file, ...more]) {
        if (file === undefined || more.length > 0) throw new UsageError('Name one file.');
        const read = readDefinition(file, await fs.readFile(file, 'utf8'));
        return read.kind === 'wrong'
          ? { lines: read.problems, verdict: 'wrong' }
          : { lines: describeService(read.service) };
      },
    },
    doctor: {
      usage: '',
      says: 'looks at a deployment from where the bridge runs, and says what is wrong',
      async run(args) {
        if (args.length > 0) throw new UsageError('doctor takes nothing more.');
        return doctor(readConfig());
      },
    },
    ...keyCommands({
      config: () => readConfig(),
      dirs: migrationDirs,
      label: VAULT_LABEL,
      columns: ENCRYPTED_COLUMNS,
      signingKeyAad: null,
    }),
  },
});
