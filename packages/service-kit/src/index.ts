// the server
export { answersLate } from './server/answers-late.ts';
export { createServer, type ServerOptions, type Timeouts } from './server/create-server.ts';
export { migrationsApplied, type ReadyCheck } from './server/health.ts';
export { observed } from './server/observed.ts';
export { waitingOnOthers, waitOnOthers, waitOnOthersOrHere } from './server/request-slot.ts';
export { releaseSlot } from './server/request-limit.ts';
export { keepOpener } from './server/security-headers.ts';
export type { Waiter } from './server/waiting-limit.ts';

// the environment
export * from './env/fields.ts';
export { ConfigError, type Env, readEnv } from './env/read-env.ts';
export { SERVICE_FIELDS, type ServiceConfig, serviceConfig, SIGN_UPS_PER_HOUR } from './env/service-config.ts';

// the process and its command line
export { type Command, type CommandResult, runCli, UsageError } from './cli/run-cli.ts';
export { type DrainOptions, drain, onDrain } from './run/drain.ts';
export { type ArmedFailpoint, createFailpoints, type Failpoint, failpointsField } from './run/failpoints.ts';
export { repeat, type Repeated } from './run/repeat.ts';
export { run, type Service } from './run/run.ts';
