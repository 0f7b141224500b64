import { DEFAULT_MACHINE_LIMITS, type MachineLimits } from '@chatelaine/oauth-server-fastify';
import { type Limit } from '@chatelaine/oauth-server-pg';
import { BATCH } from '@chatelaine/protocol';
import {
  type ArmedFailpoint,
  ConfigError,
  failpointsField,
  integer,
  oneOf,
  optional,
  parsedBy,
  readEnv,
  SERVICE_FIELDS,
  type ServiceConfig,
  serviceConfig,
  text,
} from '@chatelaine/service-kit';
import { FAILPOINTS, type FailpointName } from './failpoints.ts';
import { parsePushServices, PUSH_SERVICES } from './push-services.ts';

export interface Config extends ServiceConfig {
  /** The name people know this AM by; Hosts show it on their consent pages. */
  readonly name: string;
  /** Whether clients may be identified by documents. */
  readonly clientDocuments: 'read' | 'none';
  /** Whether the icons of apps are fetched from where they say. */
  readonly icons: 'fetch' | 'none';
  /** A directory with the operator's own terms documents, besides those that are shipped. */
  readonly termsDirectory: string | null;
  /** Failpoints at which this process exits; for tests, and empty unless `demo`. */
  readonly failpoints: readonly ArmedFailpoint<FailpointName>[];
  /** When to take up work that a crash interrupted. */
  readonly recovery: {
    readonly everySeconds: number;
    /** Seconds after which no process can still be working on an intent or on a connection without its grant. */
    readonly lostAfterSeconds: number;
    /** Seconds after which a code that the Host has not answered is sent again. */
    readonly resumeLinksAfterSeconds: number;
  };
  /** How many days finished things are kept. Whatever is in progress is kept until it is finished. */
  readonly retention: {
    /** Transfers with their outcome, and the questions asked for them. */
    readonly transferDays: number;
    /** Revocations sent to Hosts. */
    readonly revocationDays: number;
    readonly timelineDays: number;
  };
  /** How activity is taken into the chains of checkpoints that prove it unchanged. */
  readonly checkpoints: {
    readonly everySeconds: number;
    /** Newer rows are left for the next run. */
    readonly afterSeconds: number;
  };
  readonly jobs: {
    /** How often a process looks for ends it was not notified of: those of other processes, and those to be retried. */
    readonly everySeconds: number;
    /** How often expired connections and grants are ended. */
    readonly dueEverySeconds: number;
    /** How often it is stored which Hosts have answered. */
    readonly seenEverySeconds: number;
  };
  readonly notices: {
    /** How often a process looks for messages to owners. */
    readonly everySeconds: number;
    /** A link whose Host has been unreachable for this long counts as not working. */
    readonly unreachableSeconds: number;
    /**
     * Origins of push services to which messages may be sent; in `https://*.push.example` the star is any one label.
     */
    readonly pushServices: readonly string[];
  };
  /** Open pages waiting for changes, at one process. */
  readonly live: {
    readonly perOwner: number;
    readonly inAll: number;
    /** How often to check that their session is still alive. */
    readonly beatSeconds: number;
    /** Changes within this time are announced together. */
    readonly gatherMs: number;
  };
  readonly limits: {
    /** How many Host addresses one owner may have fetched in an hour. */
    readonly hostsAddedPerHour: number;
    /** A failure to add a Host is answered after this many seconds, whatever was or was not at the address. */
    readonly discoveryFailureSeconds: number;
    /** How much of a process one Host may take. */
    readonly hostCalls: HostCallLimits;
    /** Live connections of one owner: with one client, and in all. */
    readonly connections: { readonly ofClient: number; readonly inAll: number };
    /** Transfers and polls, over all processes and ways of asking: of one connection, and of one Requester. */
    readonly transfers: { readonly perConnection: Limit; readonly perRequester: Limit };
    /** How much batch calls may take. */
    readonly batch: BatchLimits;
    /** What a stranger may try at the OAuth endpoints. */
    readonly oauth: MachineLimits;
  };
}

/** How much of one process one Host may take. */
export interface HostCallLimits {
  /** Calls in progress. */
  readonly atOnce: number;
  /** Calls that wait for a slot. */
  readonly waiting: number;
  /** How many of both are reserved for others than the Requester that has the most. */
  readonly forOthers: number;
  /** Seconds that a call waits at most. */
  readonly waitSeconds: number;
  /**
   * Seconds for all of hop 2: refreshing the link's token, the call, and both once more. A Requester waits no longer
   * for a Host. PROTOCOL §3.8.
   */
  readonly hopSeconds: number;
  /** Consecutive failures that open the circuit. */
  readonly failuresToOpen: number;
  /** Seconds for which it stays open; then one call tries the Host. */
  readonly openSeconds: number;
}

/** How much of one process batch calls may take. PROTOCOL §5. */
export interface BatchLimits {
  /** Seconds after which remaining items are not answered. Less than the time for which an idle connection is kept. */
  readonly secondsPerCall: number;
  /** Calls in progress: in all, of one Requester, of one connection. */
  readonly calls: { readonly all: number; readonly ofRequester: number; readonly ofConnection: number };
  /** Transfers in progress: in all, of one Requester, of one call, at one Host. */
  readonly transfers: {
    readonly all: number;
    readonly ofRequester: number;
    readonly ofCall: number;
    readonly atHost: number;
  };
}

// waiting for a Host costs little, so many calls may wait: one slow Host among many should not be noticed. Half of a
// Host's slots stay free for single transfers.
const BATCH_LIMITS = {
  secondsPerCall: 20,
  calls: { all: 100, ofRequester: 75, ofConnection: 8 },
  transfers: { all: 200, ofRequester: 150, ofCall: 50, atHost: 10 },
} as const;

// the outbound client has 32 slots for each origin: what must get through whatever transfers do (revocations, new
// links) finds room
const HOST_CALLS: HostCallLimits = {
  atOnce: 20,
  waiting: 20,
  forOthers: 5,
  waitSeconds: 1,
  hopSeconds: 5,
  failuresToOpen: 5,
  openSeconds: 10,
};

/** Every variable; docs/operations.md describes them. */
export const FIELDS = {
  ...SERVICE_FIELDS,
  NAME: optional(text, 'Chatelaine'),
  CLIENT_DOCUMENTS: optional(oneOf(['read', 'none']), 'read'),
  APP_ICONS: optional(oneOf(['fetch', 'none']), 'fetch'),
  TERMS_DIRECTORY: optional(text, null),
  PUSH_SERVICES: optional(
    parsedBy(parsePushServices, 'be origins of push services, with commas between them'),
    PUSH_SERVICES,
  ),
  HOSTS_ADDED_PER_HOUR: optional(integer({ min: 1, max: 100_000 }), 10),
  TRANSFERS_PER_MINUTE: optional(integer({ min: BATCH.items, max: 10_000_000 }), 600),
  REQUESTER_TRANSFERS_PER_MINUTE: optional(integer({ min: BATCH.items, max: 10_000_000 }), 30_000),
  REGISTRATIONS_PER_HOUR: optional(integer({ min: 1, max: 1_000_000 }), DEFAULT_MACHINE_LIMITS.registration.points),
  REGISTRATIONS_PER_HOUR_IN_ALL: optional(
    integer({ min: 1, max: 10_000_000 }),
    DEFAULT_MACHINE_LIMITS.registrationInAll.points,
  ),
  FAILPOINTS: optional(failpointsField(FAILPOINTS), []),
  RECOVERY_EVERY_SECONDS: optional(integer({ min: 1, max: 3_600 }), 30),
  LOST_AFTER_SECONDS: optional(integer({ min: 1, max: 86_400 }), 600),
  RESUME_LINKS_AFTER_SECONDS: optional(integer({ min: 1, max: 3_600 }), 60),
  TRANSFER_HISTORY_DAYS: optional(integer({ min: 1, max: 36_500 }), 730),
  REVOCATION_HISTORY_DAYS: optional(integer({ min: 14, max: 36_500 }), 730),
  TIMELINE_DAYS: optional(integer({ min: 1, max: 36_500 }), 730),
  REFUSALS_PER_MINUTE: optional(integer({ min: 1, max: 1_000_000 }), DEFAULT_MACHINE_LIMITS.refusals.points),
  DOCUMENTS_PER_MINUTE: optional(integer({ min: 1, max: 1_000_000 }), DEFAULT_MACHINE_LIMITS.documents.points),
};

/** Whether the environment says which AM is meant. */
export const namesAnAm = (env: Readonly<Record<string, string | undefined>> = process.env): boolean =>
  ['ISSUER', 'DATABASE_URL', 'ENCRYPTION_KEY'].some((name) => (env[name] ?? '') !== '');

/**
 * Reads the environment; nothing else does.
 * @throws ConfigError with a sentence for every problem
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const read = readEnv(env, FIELDS);
  const service = serviceConfig(read);
  if (read.FAILPOINTS.length > 0 && !read.DEMO)
    throw new ConfigError(['FAILPOINTS is for tests, and needs DEMO=true.']);
  return {
    ...service,
    name: read.NAME,
    clientDocuments: read.CLIENT_DOCUMENTS,
    icons: read.APP_ICONS,
    termsDirectory: read.TERMS_DIRECTORY,
    failpoints: read.FAILPOINTS,
    recovery: {
      everySeconds: read.RECOVERY_EVERY_SECONDS,
      lostAfterSeconds: read.LOST_AFTER_SECONDS,
      resumeLinksAfterSeconds: read.RESUME_LINKS_AFTER_SECONDS,
    },
    retention: {
      transferDays: read.TRANSFER_HISTORY_DAYS,
      revocationDays: read.REVOCATION_HISTORY_DAYS,
      timelineDays: read.TIMELINE_DAYS,
    },
    checkpoints: { everySeconds: 30, afterSeconds: 30 },
    jobs: { everySeconds: 1, dueEverySeconds: 2, seenEverySeconds: 5 },
    live: { perOwner: 8, inAll: 300, beatSeconds: 15, gatherMs: 250 },
    notices: { everySeconds: 5, unreachableSeconds: 900, pushServices: read.PUSH_SERVICES },
    limits: {
      hostsAddedPerHour: read.HOSTS_ADDED_PER_HOUR,
      discoveryFailureSeconds: DISCOVERY_FAILURE_SECONDS,
      hostCalls: HOST_CALLS,
      connections: CONNECTIONS,
      transfers: {
        perConnection: { name: 'transfers', points: read.TRANSFERS_PER_MINUTE, perSeconds: 60 },
        perRequester: { name: 'requester-transfers', points: read.REQUESTER_TRANSFERS_PER_MINUTE, perSeconds: 60 },
      },
      batch: BATCH_LIMITS,
      oauth: {
        ...DEFAULT_MACHINE_LIMITS,
        registration: { ...DEFAULT_MACHINE_LIMITS.registration, points: read.REGISTRATIONS_PER_HOUR },
        registrationOfNetwork: {
          ...DEFAULT_MACHINE_LIMITS.registrationOfNetwork,
          points: 5 * read.REGISTRATIONS_PER_HOUR,
        },
        registrationInAll: {
          ...DEFAULT_MACHINE_LIMITS.registrationInAll,
          points: Math.max(read.REGISTRATIONS_PER_HOUR, read.REGISTRATIONS_PER_HOUR_IN_ALL),
        },
        refusals: { ...DEFAULT_MACHINE_LIMITS.refusals, points: read.REFUSALS_PER_MINUTE },
        documents: { ...DEFAULT_MACHINE_LIMITS.documents, points: read.DOCUMENTS_PER_MINUTE },
      },
    },
  };
}

/** More than anybody makes by hand, and few enough to be shown and stopped. */
const CONNECTIONS = { ofClient: 200, inAll: 5_000 };
// slightly longer than reading a first document can take
const DISCOVERY_FAILURE_SECONDS = 3.5;
