import type { OutboundException } from '@chatelaine/outbound-http';
import { type Issuer, parseIssuer, type Schemes } from '@chatelaine/protocol';
import { LOG_LEVELS, type LogLevel, type MetricsListener, type TracingOptions } from '@chatelaine/telemetry';
import { REQUESTS_AT_ONCE, WAITING_AT_ONCE } from '../server/places.ts';
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

/** New accounts of a service, unless the operator says otherwise. */
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
  /** Our own origin. */
  readonly issuer: Issuer;
  readonly port: number;
  readonly listenAddress: string;
  readonly databaseUrl: string;
  /** The master secret, 32 bytes: every other key is derived from it. */
  readonly encryptionKey: Buffer;
  /** Master secrets that seal no more, or not yet: what was sealed with them opens. */
  readonly previousEncryptionKeys: readonly Buffer[];
  /** One machine, names under `localhost`, http. */
  readonly demo: boolean;
  readonly schemes: Schemes;
  readonly logLevel: LogLevel;
  /** Addresses or CIDRs of proxies whose X-Forwarded-For is believed. */
  readonly trustedProxies: readonly string[];
  /** How long /readyz says 503 before we take no more requests, so that a balancer notices. */
  readonly stopNoticeSeconds: number;
  /** Requests that a process works on at the same time; what is more is answered 503 at once. */
  readonly requestsAtOnce: number;
  /** Requests that wait for servers of others at the same time, beside those. */
  readonly waitingAtOnce: number;
  /** How often a process looks whether its signing keys were replaced. */
  readonly keysReadEverySeconds: number;
  /** How many times longer than usual it waits for its database, on a machine that is slow. */
  readonly databasePatience: number;
  /** Where mail is handed in; null: none is sent. */
  readonly mail: { readonly url: string; readonly from: string } | null;
  /** New accounts, wherever they come from. */
  readonly signUpsPerHour: number;
  /** Destinations that are reached although they are not public. */
  readonly exceptions: readonly OutboundException[];
  /** Null: nobody is told. */
  readonly metricsListener: MetricsListener | null;
  readonly tracing: Omit<TracingOptions, 'serviceName'> & { readonly serviceName: string | null };
}

/** What {@link SERVICE_FIELDS} yield. */
type ServiceVariables = Env<typeof SERVICE_FIELDS>;

/**
 * What every service's configuration begins with, from the variables of {@link SERVICE_FIELDS}.
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
