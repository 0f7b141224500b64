import { createAllowances, createRateLimits } from '@chatelaine/oauth-server-pg';
import { createOutbound } from '@chatelaine/outbound-http';
import { openPool, type Pool } from '@chatelaine/postgres';
import { patience } from '@chatelaine/test-kit';
import type { FastifyInstance } from 'fastify';
import { createApp } from '../../src/app.ts';
import { type Config, readConfig } from '../../src/config.ts';
import { createPrisma } from '../../src/database.ts';
import { openResources, type Resources } from '../../src/resources.ts';

/** One AM process, and what it wrote to its log on purpose. */
export interface Am {
  readonly port: number;
  readonly app: FastifyInstance;
  readonly events: Record<string, unknown>[];
}

export interface AmOptions {
  /** Failures in a row after which a Host is left alone; tests of single answers do not want that. */
  readonly failuresToOpen?: number;
  /** Seconds it is then left alone. */
  readonly openSeconds?: number;
  /** Seconds that a transfer waits for a place at a Host. */
  readonly waitSeconds?: number;
  /** Seconds that all of hop 2 may take. */
  readonly hopSeconds?: number;
  /** Most database connections at once. */
  readonly connections?: number;
  /** Given its pool before it is used. */
  readonly onPool?: (pool: Pool) => void;
  /** Seconds a Host may take. */
  readonly callSeconds?: number;
  /** Refused requests of one source. */
  readonly refusalsPerMinute?: number;
  /** When what was left half done is taken up again. */
  readonly recovery?: Partial<Config['recovery']>;
  /** Transfers of one connection and of one Requester in a minute, where they are not as configured. */
  readonly transfers?: Partial<Config['limits']['transfers']>;
  /** What batch calls may take, where it is not as configured. */
  readonly batch?: Partial<Config['limits']['batch']>;
  /** Origins on this machine that the AM may call, beside those of every deployment. */
  readonly reachable?: readonly string[];
  /** Whatever else is configured in another way. */
  readonly config?: Partial<Config>;
  /** What happens to it where something durable is half done. */
  readonly failpoint?: Resources['failpoint'];
  /** The clock of the AM's processes that only goes forward. */
  readonly monotonic?: Resources['monotonic'];
  /** The database keeps the time of every commit: a server of its own, for that is settled when one starts. */
  readonly commitTimes?: boolean;
}

/** Starts one; closing its app closes it. */
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
  // what features say of their own accord; below its level a logger says nothing
  app.log.warn = (fields: unknown) => void events.push(fields as Record<string, unknown>);
  await app.listen({ host: config.listenAddress, port: config.port });
  return { port: config.port, app, events };
}

const seconds = (quick: number): number => Math.ceil(patience(quick) / 1000);

/**
 * Times for calls of Hosts that nothing here outlasts: what a test holds back stays under way until it says so, however
 * busy the machine has become.
 */
const NEVER_LATE = { waitSeconds: seconds(60), hopSeconds: seconds(240), secondsPerBatchCall: seconds(480) };
/** The product's times for calls of Hosts, in the measure of this machine, for tests that see them pass. */
export const SLOWLY = { waitSeconds: seconds(1), hopSeconds: seconds(5) };

/** Asking until something has come about takes more tries the slower the machine is. */
const UNLIMITED = { perConnection: { name: 'transfers', points: 1_000_000, perSeconds: 60 } };

/** Hashing them as people need it was a fifth of what these tests cost; service-kit's tests say what people need. */
const QUICK_PASSWORDS = { memoryCost: 1_024 };

/** What an AM of a test is configured with: one that reaches `reachable`, and nothing else. */
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
    // what looks after crashes now and then must not wait for the locks that tests hold, nor do their work for them
    RECOVERY_EVERY_SECONDS: '3600',
    DOCUMENTS_PER_MINUTE: '100000',
    REFUSALS_PER_MINUTE: '100000',
    REGISTRATIONS_PER_HOUR: '100000',
  });
  // the Host fails on purpose here, again and again: it is not to be left alone for that
  const hostCalls = { ...config.limits.hostCalls, failuresToOpen: Number.MAX_SAFE_INTEGER };
  // tests make checkpoints themselves, of whatever there is
  const checkpoints = { everySeconds: 3_600, afterSeconds: 0 };
  // nobody is told anything but where that is what is tested: else it would be among the statements that are counted
  const notices = { ...config.notices, everySeconds: 3_600 };
  return { ...config, checkpoints, notices, limits: { ...config.limits, discoveryFailureSeconds: 0, hostCalls } };
}
