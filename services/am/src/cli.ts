import { runCli } from '@chatelaine/service-kit';
import { readConfig } from './config.ts';
import { commands } from './cli/commands.ts';

process.exitCode = await runCli({
  name: 'chatelaine',
  argv: process.argv.slice(2),
  commands: commands(() => readConfig()),
});
