import type { FastifyInstance } from 'fastify';
import { ConfigError } from '../env/read-env.ts';
import { type DrainOptions, drain } from './drain.ts';

/** What a service's main function builds. Whatever must be closed is closed by `onClose` hooks of `app`. */
export interface Service {
  app: FastifyInstance;
  /** 127.0.0.1 unless configured otherwise. */
  host: string;
  port: number;
  drain?: DrainOptions;
}

const EXIT_FAILURE = 1;
const EXIT_CONFIG = 78; // EX_CONFIG of sysexits.h

/**
 * Runs a service as this process: builds it, listens, and drains on SIGTERM or SIGINT (a second signal ends it at
 * once). If the configuration cannot be used it prints one sentence per problem and exits with 78; after any other
 * failure to start it exits with 1.
 */
export async function run(main: () => Promise<Service>): Promise<void> {
  let service: Service;
  try {
    service = await main();
    await service.app.listen({ host: service.host, port: service.port });
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    process.exit(error instanceof ConfigError ? EXIT_CONFIG : EXIT_FAILURE);
  }
  const { app } = service;
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(EXIT_FAILURE);
      stopping = true;
      app.log.info({ signal }, 'stopping');
      drain(app, service.drain).then(
        () => process.exit(0),
        (error: unknown) => die(app, error, 'stopping failed'),
      );
    });
  }
  process.on('uncaughtException', (error) => die(app, error, 'uncaught exception'));
  process.on('unhandledRejection', (error) => die(app, error, 'unhandled rejection'));
}

function die(app: FastifyInstance, error: unknown, what: string): never {
  app.log.fatal({ err: error }, what);
  process.exit(EXIT_FAILURE);
}

function explain(error: unknown): string {
  if (error instanceof ConfigError)
    return `The service does not start:\n${error.problems.map((problem) => `  ${problem}`).join('\n')}`;
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `\nbecause: ${error.cause.message}` : '';
  return `The service does not start: ${error.stack ?? error.message}${cause}`;
}
