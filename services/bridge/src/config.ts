import {
  integer,
  json,
  optional,
  readEnv,
  SERVICE_FIELDS,
  type ServiceConfig,
  serviceConfig,
  text,
} from '@chatelaine/service-kit';
import { z } from 'zod';

/** The bridge's client registration at a service, as its operator made it there. */
export interface UpstreamClient {
  readonly id: string;
  readonly secret: string;
}

export interface Config extends ServiceConfig {
  /** The name by which people know this bridge; AMs show it too. */
  readonly name: string;
  /**
   * A folder of definitions besides those that ship with the bridge; a file of the same name replaces the shipped one.
   */
  readonly definitions: string | null;
  /** By the service's id. */
  readonly clients: ReadonlyMap<string, UpstreamClient>;
  /** Refused requests that one source may send to the OAuth endpoints in a minute. */
  readonly refusalsPerMinute: number;
  /** The largest answer of a service that is passed on, in bytes. */
  readonly answerBytes: number;
  /** The most seconds that such an answer may take, from the first byte to the last. */
  readonly answerSeconds: number;
}

const clients = z
  .record(z.string(), z.strictObject({ id: z.string().min(1).max(500), secret: z.string().min(1).max(5000) }))
  .transform((given) => new Map<string, UpstreamClient>(Object.entries(given)));

const MEGABYTE = 1_048_576;

/** Every variable; docs/operations.md describes them. */
export const FIELDS = {
  NAME: optional(text, 'Bridge'),
  ...SERVICE_FIELDS,
  DEFINITIONS: optional(text, null),
  CLIENTS: optional(json(clients), new Map<string, UpstreamClient>()),
  REFUSALS_PER_MINUTE: optional(integer({ min: 1, max: 1_000_000 }), 100),
  ANSWER_MEGABYTES: optional(integer({ min: 1, max: 100_000 }), 256),
  ANSWER_SECONDS: optional(integer({ min: 1, max: 3_600 }), 300),
};

/**
 * Reads the environment; nothing else does.
 *
 * @throws ConfigError with a sentence for every problem
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const read = readEnv(env, FIELDS);
  return {
    ...serviceConfig(read),
    name: read.NAME,
    definitions: read.DEFINITIONS,
    clients: read.CLIENTS,
    refusalsPerMinute: read.REFUSALS_PER_MINUTE,
    answerBytes: read.ANSWER_MEGABYTES * MEGABYTE,
    answerSeconds: read.ANSWER_SECONDS,
  };
}
