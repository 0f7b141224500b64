import { type OutboundException, parseExceptions } from '@chatelaine/outbound-http';
import {
  integer,
  optional,
  parsedBy,
  readEnv,
  SERVICE_FIELDS,
  type ServiceConfig,
  serviceConfig,
  text,
} from '@chatelaine/service-kit';

export interface Config extends ServiceConfig {
  /** How owners see us on consent pages. */
  readonly name: string;
  /** Destinations the SSRF guard lets through beside public https. */
  readonly exceptions: readonly OutboundException[];
  /** Connections one person may start in an hour: each makes us fetch what was typed. */
  readonly connectsPerHour: number;
  /** For so long the feed waits for Hosts, in seconds. */
  readonly feedSeconds: number;
  /** Posts that one person may keep here. */
  readonly postsPerAccount: number;
}

const exceptions = parsedBy((given) => {
  let list: unknown;
  try {
    list = JSON.parse(given);
  } catch {
    return null;
  }
  const read = parseExceptions(list);
  return read.kind === 'valid' ? read.exceptions : null;
}, 'be a JSON list of {"host", "port", "scheme", "cidr"}');

/** Every variable; docs/operations.md says what each is for. */
export const FIELDS = {
  ...SERVICE_FIELDS,
  NAME: optional(text, 'Lifestream'),
  OUTBOUND_EXCEPTIONS: optional(exceptions, []),
  CONNECTS_PER_HOUR: optional(integer({ min: 1, max: 100_000 }), 20),
  FEED_SECONDS: optional(integer({ min: 1, max: 30 }), 8),
  POSTS_PER_ACCOUNT: optional(integer({ min: 1, max: 1_000_000 }), 2_000),
};

/**
 * Reads the environment; the only place that does.
 *
 * @throws ConfigError with a sentence for every problem
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const read = readEnv(env, FIELDS);
  const service = serviceConfig(read);
  return {
    ...service,
    name: read.NAME,
    exceptions: read.OUTBOUND_EXCEPTIONS,
    connectsPerHour: read.CONNECTS_PER_HOUR,
    feedSeconds: read.FEED_SECONDS,
    postsPerAccount: read.POSTS_PER_ACCOUNT,
  };
}
