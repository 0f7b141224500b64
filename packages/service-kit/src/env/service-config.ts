import type { OutboundException } from '@chatelaine/outbound-http';
import { type Issuer, parseIssuer, type Schemes } from '@chatelaine/protocol';
import { LOG_LEVELS, type LogLevel, type MetricsListener, type TracingOptions } from '@chatelaine/telemetry';
import { REQUESTS_AT_ONCE, WAITING_AT_ONCE } from '../server/request-limit.ts';
import {
  databaseUrl,
  exceptions,
  flag,
  httpUrl,
  integer,
  key,
  keys,
  mailFrom,
  networks,
  oneOf,
  optional,
  port,
  ratio,
  smtpUrl,
  text,
} from './fields.ts';
import { ConfigError, type Env } from './read-env.ts';

const KEY_BYTES = 32;

/** New accounts of a service per hour, unless configured otherwise. */
export const SIGN_UPS_PER_HOUR = 2_000;

/** The variables that every service has. */
export const SERVICE_FIELDS = {
  ISSUER: text,
  PORT: port,
  LISTEN_ADDRESS: optional(text, '127.0.0.1'),
  DATABASE_URL: databaseUrl,
  ENCRYPTION_KEY: key(KEY_BYTES),
  ENCRYPTION_KEY_PREVIOUS: optional(keys(KEY_BYTES), []),
  DEMO: optional(flag, false),
  LOG_LEVEL: optional(oneOf(LOG_LEVELS), 'info'),
  TRUSTED_PROXIES: optional(networks, []),
  STOP_NOTICE_SECONDS: optional(integer({ min: 0, max: 60 }), 0),
  REQUESTS_AT_ONCE: optional(integer({ min: 1, max: 100_000 }), REQUESTS_AT_ONCE),
  WAITING_AT_ONCE: optional(integer({ min: 1, max: 100_000 }), WAITING_AT_ONCE),
  KEYS_READ_EVERY_SECONDS: optional(integer({ min: 1, max: 300 }), 30),
  DATABASE_PATIENCE: optional(integer({ min: 1, max: 1000 }), 1),
  SMTP_URL: optional(smtpUrl, null),
  MAIL_FROM: optional(mailFrom, null),
  SIGN_UPS_PER_HOUR: optional(integer({ min: 1, max: 10_000_000 }), SIGN_UPS_PER_HOUR),
  METRICS_PORT: optional(port, null),
  METRICS_ADDRESS: optional(text, '127.0.0.1'),
  OUTBOUND_EXCEPTIONS: optional(exceptions, []),
  OTEL_EXPORTER_OTLP_ENDPOINT: optional(httpUrl, null),
  OTEL_SERVICE_NAME: optional(text, null),
  OTEL_TRACES_SAMPLER_ARG: optional(ratio, 1),
};

export interface ServiceConfig {
  /** The service's own origin. */
  readonly issuer: Issuer;
  readonly port: number;
  readonly listenAddress: string;
  readonly databaseUrl: string;
  /** The master secret of 32 bytes, from which every other key is derived. */
  readonly encryptionKey: Buffer;
  /**
   * Master secrets with which nothing is encrypted any more, or not yet. What was encrypted with them can be decrypted.
   */
  readonly previousEncryptionKeys: readonly Buffer[];
  /** Everything is on one machine, with names under `localhost` and http. */
  readonly demo: boolean;
  readonly schemes: Schemes;
  readonly logLevel: LogLevel;
  /** IP addresses or CIDRs of the proxies whose X-Forwarded-For is trusted. */
  readonly trustedProxies: readonly string[];
  /** Seconds for which /readyz answers 503 before connections are refused, so that a load balancer notices. */
  readonly stopNoticeSeconds: number;
  /** Requests that a process works on at once; any more are answered 503 immediately. */
  readonly requestsAtOnce: number;
  /** Requests that may wait for other servers at once, in addition to those. */
  readonly waitingAtOnce: number;
  /** Seconds after which a process reads its signing keys again, in case they were replaced. */
  readonly keysReadEverySeconds: number;
  /** Factor by which all time limits of the database are longer, for a slow machine. */
  readonly databasePatience: number;
  /** The mail server, and the sender; null if no mail is sent. */
  readonly mail: { readonly url: string; readonly from: string } | null;
  /** New accounts per hour, from all addresses together. */
  readonly signUpsPerHour: number;
  /** Destinations that may be reached although they are not public. */
  readonly exceptions: readonly OutboundException[];
  /** Null: metrics are not served. */
  readonly metricsListener: MetricsListener | null;
  readonly tracing: Omit<TracingOptions, 'serviceName'> & { readonly serviceName: string | null };
}

/** The values of {@link SERVICE_FIELDS}. */
type ServiceVariables = Env<typeof SERVICE_FIELDS>;

/**
 * The part of the configuration that every service has, from the variables of {@link SERVICE_FIELDS}.
 *
 * @throws ConfigError when ISSUER is not an origin of an allowed scheme
 */
export function serviceConfig(read: ServiceVariables): ServiceConfig {
  const schemes: Schemes = read.DEMO ? ['https', 'http'] : ['https'];
  const issuer = parseIssuer(read.ISSUER, schemes);
  if (issuer === null) throw new ConfigError([issuerProblem(schemes)]);
  if ((read.SMTP_URL === null) !== (read.MAIL_FROM === null))
    throw new ConfigError(['SMTP_URL and MAIL_FROM are set together, or neither is.']);
  return {
    issuer,
    port: read.PORT,
    listenAddress: read.LISTEN_ADDRESS,
    databaseUrl: read.DATABASE_URL,
    encryptionKey: read.ENCRYPTION_KEY,
    previousEncryptionKeys: read.ENCRYPTION_KEY_PREVIOUS,
    demo: read.DEMO,
    schemes,
    logLevel: read.LOG_LEVEL,
    trustedProxies: read.TRUSTED_PROXIES,
    stopNoticeSeconds: read.STOP_NOTICE_SECONDS,
    requestsAtOnce: read.REQUESTS_AT_ONCE,
    waitingAtOnce: read.WAITING_AT_ONCE,
    keysReadEverySeconds: read.KEYS_READ_EVERY_SECONDS,
    databasePatience: read.DATABASE_PATIENCE,
    mail: read.SMTP_URL === null || read.MAIL_FROM === null ? null : { url: read.SMTP_URL, from: read.MAIL_FROM },
    signUpsPerHour: read.SIGN_UPS_PER_HOUR,
    exceptions: read.OUTBOUND_EXCEPTIONS,
    metricsListener: read.METRICS_PORT === null ? null : { address: read.METRICS_ADDRESS, port: read.METRICS_PORT },
    tracing: {
      endpoint: read.OTEL_EXPORTER_OTLP_ENDPOINT,
      serviceName: read.OTEL_SERVICE_NAME,
      ratio: read.OTEL_TRACES_SAMPLER_ARG,
    },
  };
}

function issuerProblem(schemes: Schemes): string {
  const form = 'ISSUER must be an origin in canonical form: lower-case, without default port, path or trailing slash';
  return schemes.includes('http') ? `${form}.` : `${form}, and https (http needs DEMO=true).`;
}
