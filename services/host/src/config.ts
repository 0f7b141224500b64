import { type OutboundException, parseExceptions } from '@chatelaine/outbound-http';
import { type Issuer, parseIssuer, type Schemes } from '@chatelaine/protocol';
import {
  type ArmedFailpoint,
  ConfigError,
  databaseUrl,
  failpointsField,
  flag,
  integer,
  key,
  type LogLevel,
  oneOf,
  optional,
  parsedBy,
  port,
  readEnv,
  text,
} from '@chatelaine/service-kit';
import { FAILPOINTS, type FailpointName } from './failpoints.ts';
import { FLAVOR_IDS, type FlavorId } from './flavor.ts';

export interface Config {
  readonly issuer: Issuer;
  /** How people call this Host; AMs show it too. */
  readonly name: string;
  readonly flavor: FlavorId;
  readonly port: number;
  readonly listenAddress: string;
  readonly databaseUrl: string;
  /** The master secret, 32 bytes: every other key is derived from it. */
  readonly encryptionKey: Buffer;
  /** Destinations the SSRF guard lets through beside public https. */
  readonly exceptions: readonly OutboundException[];
  /** One machine, names under `localhost`, http. */
  readonly demo: boolean;
  readonly logLevel: LogLevel;
  /** Refused requests a source may send to the OAuth endpoints in a minute. */
  readonly refusalsPerMinute: number;
  /** Where this process is to die; for tests, and empty unless `demo`. */
  readonly failpoints: readonly ArmedFailpoint<FailpointName>[];
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const KEY_BYTES = 32;

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

/**
 * Reads the environment; the only place that does.
 *
 * @throws ConfigError with a sentence for every problem
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const read = readEnv(env, {
    ISSUER: text,
    NAME: text,
    FLAVOR: oneOf(FLAVOR_IDS),
    PORT: port,
    LISTEN_ADDRESS: optional(text, '127.0.0.1'),
    DATABASE_URL: databaseUrl,
    ENCRYPTION_KEY: key(KEY_BYTES),
    OUTBOUND_EXCEPTIONS: optional(exceptions, []),
    DEMO: optional(flag, false),
    LOG_LEVEL: optional(oneOf(LOG_LEVELS), 'info'),
    FAILPOINTS: optional(failpointsField(FAILPOINTS), []),
    REFUSALS_PER_MINUTE: optional(integer({ min: 1, max: 1_000_000 }), 100),
  });
  const schemes: Schemes = read.DEMO ? ['https', 'http'] : ['https'];
  const issuer = parseIssuer(read.ISSUER, schemes);
  if (issuer === null) throw new ConfigError([issuerProblem(schemes)]);
  if (read.FAILPOINTS.length > 0 && !read.DEMO)
    throw new ConfigError(['FAILPOINTS is for tests, and needs DEMO=true.']);
  return {
    issuer,
    name: read.NAME,
    flavor: read.FLAVOR,
    port: read.PORT,
    listenAddress: read.LISTEN_ADDRESS,
    databaseUrl: read.DATABASE_URL,
    encryptionKey: read.ENCRYPTION_KEY,
    exceptions: read.OUTBOUND_EXCEPTIONS,
    demo: read.DEMO,
    logLevel: read.LOG_LEVEL,
    refusalsPerMinute: read.REFUSALS_PER_MINUTE,
    failpoints: read.FAILPOINTS,
  };
}

function issuerProblem(schemes: Schemes): string {
  const form = 'ISSUER must be an origin in canonical form: lower-case, without default port, path or trailing slash';
  return schemes.includes('http') ? `${form}.` : `${form}, and https (http needs DEMO=true).`;
}
