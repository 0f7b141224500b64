import { runCli } from '@chatelaine/service-kit';
import { namesAnAm, readConfig } from './config.ts';
import { commands } from './cli/commands.ts';
import { findRunningDemo } from './cli/running-demo.ts';

process.exitCode = await runCli({
  name: 'chatelaine',
  argv: process.argv.slice(2),
  commands: commands(() => readConfig(), { demo: () => (namesAnAm() ? null : findRunningDemo(process.cwd())) }),
});
