import { createAllowances, createRateLimits } from '@chatelaine/oauth-server-pg';
import { createOutbound } from '@chatelaine/outbound-http';
import { openPool, type Pool } from '@chatelaine/postgres';
import { patience } from '@chatelaine/test-kit';
import type { FastifyInstance } from 'fastify';
import { createApp } from '../../src/app.ts';
import { type Config, readConfig } from '../../src/config.ts';
import { createPrisma } from '../../src/database.ts';
import { openResources, type Resources } from '../../src/resources.ts';

/** One AM process, and the entries that it wrote to its log as warnings. */
export interface Am {
  readonly port: number;
  readonly app: FastifyInstance;
  readonly events: Record<string, unknown>[];
}

export interface AmOptions {
  /** Failures in a row that open a Host's circuit; effectively infinite unless a test sets it. */
  readonly failuresToOpen?: number;
  /** Seconds for which the circuit then stays open. */
  readonly openSeconds?: number;
  /** Seconds for which a transfer waits for a slot at a Host. */
  readonly waitSeconds?: number;
  /** Seconds that the whole of hop 2 may take. */
  readonly hopSeconds?: number;
  /** Maximum number of database connections. */
  readonly connections?: number;
  /** Receives the pool before it is used. */
  readonly onPool?: (pool: Pool) => void;
  /** Seconds that one call of a Host may take. */
  readonly callSeconds?: number;
  /** How many refused requests of one source are tolerated in a minute. */
  readonly refusalsPerMinute?: number;
  /** When unfinished work is resumed. */
  readonly recovery?: Partial<Config['recovery']>;
  /** Transfers that one connection and one Requester may make in a minute, where they differ from the configuration. */
  readonly transfers?: Partial<Config['limits']['transfers']>;
  /** Limits of batch calls, where they differ from the configuration. */
  readonly batch?: Partial<Config['limits']['batch']>;
  /** Origins on this machine that the AM may call, in addition to those of every deployment. */
  readonly reachable?: readonly string[];
  /** Any other differences in the configuration. */
  readonly config?: Partial<Config>;
  /** Called at each point at which something durable is half done. */
  readonly failpoint?: Resources['failpoint'];
  /** The monotonic clock of the AM's processes. */
  readonly monotonic?: Resources['monotonic'];
  /**
   * The database records the time of every commit (`track_commit_timestamp`). This takes a server of its own, since the
   * setting is read at start.
   */
  readonly commitTimes?: boolean;
}

/** Starts an AM process; closing its app closes everything of it. */
export async function startAm(given: Config, options: AmOptions): Promise<Am> {
  const { failuresToOpen = 1_000, openSeconds = 10 } = options;
  const { waitSeconds = NEVER_LATE.waitSeconds, hopSeconds = NEVER_LATE.hopSeconds } = options;
  const hostCalls = { ...given.limits.hostCalls, failuresToOpen, openSeconds, waitSeconds, hopSeconds };
  const batch = { ...given.limits.batch, secondsPerCall: NEVER_LATE.secondsPerBatchCall, ...options.batch };
  const transfers = { ...given.limits.transfers, ...UNLIMITED, ...options.transfers };
  const recovery = { ...given.recovery, ...options.recovery };
  const { refusals } = given.limits.oauth;
  const oauth = {
    ...given.limits.oauth,
    refusals: { ...refusals, points: options.refusalsPerMinute ?? refusals.points },
  };
  const config = {
    ...given,
    recovery,
    limits: { ...given.limits, hostCalls, batch, transfers, oauth },
    ...options.config,
  };
  const opened = await openResources(config);
  await opened.outbound.close();
  const outbound = createOutbound({
    exceptions: config.exceptions,
    demo: config.demo,
    ownNames: [new URL(config.issuer).hostname],
    timeouts: { callSeconds: options.callSeconds ?? NEVER_LATE.hopSeconds, connectSeconds: NEVER_LATE.hopSeconds },
  });
  const { failpoint = opened.failpoint, monotonic = opened.monotonic } = options;
  const resources = { ...opened, outbound, failpoint, monotonic, passwords: QUICK_PASSWORDS };
  if (options.connections !== undefined || options.onPool !== undefined) {
    await opened.prisma.$disconnect();
    await opened.pool.end();
    const { databaseUrl: url, databasePatience } = config;
    resources.pool = openPool({ url, name: 'am', max: options.connections ?? 16, patience: databasePatience });
    options.onPool?.(resources.pool);
    resources.rateLimits = createRateLimits(resources.pool);
    resources.allowances = createAllowances(resources.pool);
    resources.prisma = createPrisma(resources.pool, { schema: 'am', patience: databasePatience });
  }
  const app = await createApp(resources);
  const events: Record<string, unknown>[] = [];
  // replaced, since at the log level of tests a logger would drop what features report
  app.log.warn = (fields: unknown) => void events.push(fields as Record<string, unknown>);
  await app.listen({ host: config.listenAddress, port: config.port });
  return { port: config.port, app, events };
}

const seconds = (quick: number): number => Math.ceil(patience(quick) / 1000);

/**
 * Time limits for calls of Hosts that no test reaches: a request that a test holds back stays under way until the test
 * releases it, however busy the machine is.
 */
const NEVER_LATE = { waitSeconds: seconds(60), hopSeconds: seconds(240), secondsPerBatchCall: seconds(480) };
/** The product's time limits for calls of Hosts, scaled to this machine, for tests in which they expire. */
export const SLOWLY = { waitSeconds: seconds(1), hopSeconds: seconds(5) };

/** The slower the machine, the more tries it takes until something has happened. */
const UNLIMITED = { perConnection: { name: 'transfers', points: 1_000_000, perSeconds: 60 } };

/** Hashing at the product's cost took a fifth of the time of these tests, none of which is about it. */
const QUICK_PASSWORDS = { memoryCost: 1_024 };

/** The configuration of an AM in tests: it may call the origins in `reachable`, and no others. */
export function configFor(input: { port: number; databaseUrl: string; reachable: readonly string[] }): Config {
  const config = readConfig({
    ISSUER: `http://am.localhost:${input.port}`,
    PORT: String(input.port),
    DATABASE_URL: input.databaseUrl,
    ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64url'),
    OUTBOUND_EXCEPTIONS: JSON.stringify(
      input.reachable.map((origin) => {
        const { hostname: host, port } = new URL(origin);
        return { host, port: Number(port), scheme: 'http', cidr: '127.0.0.1/32' };
      }),
    ),
    DEMO: 'true',
    DATABASE_PATIENCE: String(Math.ceil(patience(10) / 1000)),
    LOG_LEVEL: process.env['TEST_LOG'] ?? 'silent',
    HOSTS_ADDED_PER_HOUR: '1000',
    // recovery must neither wait for locks that tests hold nor do the tests' work for them
    RECOVERY_EVERY_SECONDS: '3600',
    DOCUMENTS_PER_MINUTE: '100000',
    REFUSALS_PER_MINUTE: '100000',
    REGISTRATIONS_PER_HOUR: '100000',
  });
  // Hosts fail on purpose here, again and again, and their circuit must not open for that
  const hostCalls = { ...config.limits.hostCalls, failuresToOpen: Number.MAX_SAFE_INTEGER };
  // tests make checkpoints themselves, of everything that exists
  const checkpoints = { everySeconds: 3_600, afterSeconds: 0 };
  // no notices except in their own tests: their statements would be counted in others
  const notices = { ...config.notices, everySeconds: 3_600 };
  return { ...config, checkpoints, notices, limits: { ...config.limits, discoveryFailureSeconds: 0, hostCalls } };
}
