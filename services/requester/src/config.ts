import { type OutboundException, parseExceptions } from '@chatelaine/outbound-http';
import { type Issuer, parseIssuer, type Schemes } from '@chatelaine/protocol';
import {
  ConfigError,
  databaseUrl,
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

export interface Config {
  /** Our own origin: the client document is at `<issuer>/client`. */
  readonly issuer: Issuer;
  /** How owners see us on consent pages. */
  readonly name: string;
  readonly port: number;
  readonly listenAddress: string;
  readonly databaseUrl: string;
  /** The master secret, 32 bytes: every other key is derived from it. */
  readonly encryptionKey: Buffer;
  /** Destinations the SSRF guard lets through beside public https. */
  readonly exceptions: readonly OutboundException[];
  /** One machine, names under `localhost`, http. */
  readonly demo: boolean;
  readonly schemes: Schemes;
  readonly logLevel: LogLevel;
  /** Connections one person may start in an hour: each makes us fetch what was typed. */
  readonly connectsPerHour: number;
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
    NAME: optional(text, 'Lifestream'),
    PORT: port,
    LISTEN_ADDRESS: optional(text, '127.0.0.1'),
    DATABASE_URL: databaseUrl,
    ENCRYPTION_KEY: key(KEY_BYTES),
    OUTBOUND_EXCEPTIONS: optional(exceptions, []),
    DEMO: optional(flag, false),
    LOG_LEVEL: optional(oneOf(LOG_LEVELS), 'info'),
    CONNECTS_PER_HOUR: optional(integer({ min: 1, max: 100_000 }), 20),
  });
  const schemes: Schemes = read.DEMO ? ['https', 'http'] : ['https'];
  const issuer = parseIssuer(read.ISSUER, schemes);
  if (issuer === null) throw new ConfigError([issuerProblem(schemes)]);
  return {
    issuer,
    name: read.NAME,
    port: read.PORT,
    listenAddress: read.LISTEN_ADDRESS,
    databaseUrl: read.DATABASE_URL,
    encryptionKey: read.ENCRYPTION_KEY,
    exceptions: read.OUTBOUND_EXCEPTIONS,
    demo: read.DEMO,
    schemes,
    logLevel: read.LOG_LEVEL,
    connectsPerHour: read.CONNECTS_PER_HOUR,
  };
}

function issuerProblem(schemes: Schemes): string {
  const form = 'ISSUER must be an origin in canonical form: lower-case, without default port, path or trailing slash';
  return schemes.includes('http') ? `${form}.` : `${form}, and https (http needs DEMO=true).`;
}
