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

export interface Config extends ServiceConfig {
  /** How people call this AM; Hosts show it on their consent pages. */
  readonly name: string;
  /** Whether clients may be known by their documents. */
  readonly clientDocuments: 'read' | 'none';
  /** A directory with terms documents of the operator's own, beside those that ship. */
  readonly termsDirectory: string | null;
  /** Where this process is to die; for tests, and empty unless `demo`. */
  readonly failpoints: readonly ArmedFailpoint<FailpointName>[];
  /** When what a crash left half done is looked after. */
  readonly recovery: {
    readonly everySeconds: number;
    /**
     * An intent, or a connection without its grant, that is older than this has no process any more that works on it.
     */
    readonly lostAfterSeconds: number;
    /** A link whose code was sent to the Host so long ago, without an answer, is asked for again. */
    readonly resumeLinksAfterSeconds: number;
  };
  /** How many days what is over is kept. What is under way is kept until it is over. */
  readonly retention: {
    /** Transfers, with what came of them, and the questions that were asked for them. */
    readonly transferDays: number;
    /** What Hosts were told of ends. */
    readonly revocationDays: number;
    readonly timelineDays: number;
  };
  /** How what was done is taken into the chains that show whether it was changed. */
  readonly checkpoints: {
    readonly everySeconds: number;
    /** What is younger is left for the next time. */
    readonly afterSeconds: number;
  };
  readonly jobs: {
    /** How often a process looks for ends that it was not told of: those of others, and what is to be tried again. */
    readonly everySeconds: number;
    /** How often connections and grants are ended whose time is over. */
    readonly dueEverySeconds: number;
    /** How often it is stored which Hosts answered. */
    readonly seenEverySeconds: number;
  };
  readonly notices: {
    /** How often a process looks for what owners are to be told. */
    readonly everySeconds: number;
    /** An account that could not be reached for so long is one that does not work. */
    readonly unreachableSeconds: number;
    /** Origins of push services that are spoken to; `https://*.push.example` is any one label below that. */
    readonly pushServices: readonly string[];
  };
  /** Pages that wait to hear of changes, at one process. */
  readonly live: {
    readonly perOwner: number;
    readonly inAll: number;
    /** How often they are looked after: whether their session lives. */
    readonly beatSeconds: number;
    /** Changes within so much time are told together. */
    readonly gatherMs: number;
  };
  readonly limits: {
    /** Addresses of Hosts one owner may have fetched in an hour. */
    readonly hostsAddedPerHour: number;
    /** An address where nothing fits is answered after this many seconds, whatever was or was not there. */
    readonly discoveryFailureSeconds: number;
    /** How much of a process one Host may take. */
    readonly hostCalls: HostCallLimits;
    /** Live connections of one owner: with one client, and in all. */
    readonly connections: { readonly ofClient: number; readonly inAll: number };
    /** Transfers and polls, over all processes, however they are asked for: by one connection, and by one Requester. */
    readonly transfers: { readonly perConnection: Limit; readonly perRequester: Limit };
    /** How much batch calls may take. */
    readonly batch: BatchLimits;
    /** What a stranger may try at the OAuth endpoints. */
    readonly oauth: MachineLimits;
  };
}

/** How much of one process one Host may take. */
export interface HostCallLimits {
  /** Calls under way. */
  readonly atOnce: number;
  /** Calls that wait for a place. */
  readonly waiting: number;
  /** So many of both are for others than the Requester that has the most. */
  readonly forOthers: number;
  /** How long one waits, at most. */
  readonly waitSeconds: number;
  /**
   * For all of hop 2: renewing the link's token, asking, and both once more. A Requester waits no longer for a Host.
   * PROTOCOL §3.8.
   */
  readonly hopSeconds: number;
  /** So many failures in a row, and the Host is left alone. */
  readonly failuresToOpen: number;
  /** For so long; then one call is tried. */
  readonly openSeconds: number;
}

/** How much of one process batch calls may take. PROTOCOL §5. */
export interface BatchLimits {
  /** What is not answered by then is not answered. Less than an idle connection is kept for. */
  readonly secondsPerCall: number;
  /** Calls under way: in all, of one Requester, of one connection. */
  readonly calls: { readonly all: number; readonly ofRequester: number; readonly ofConnection: number };
  /** Transfers under way: in all, of one Requester, of one call, at one Host. */
  readonly transfers: {
    readonly all: number;
    readonly ofRequester: number;
    readonly ofCall: number;
    readonly atHost: number;
  };
}

// waiting for a Host costs little, so many may: one slow Host of many is not to be noticed; half of a Host's places
// stay for single transfers
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

/** Of the browsers that people have: Chromium, Firefox, Safari, Edge. */
const PUSH_SERVICES: readonly string[] = [
  'https://fcm.googleapis.com',
  'https://updates.push.services.mozilla.com',
  'https://*.push.apple.com',
  'https://*.notify.windows.com',
];
const PUSH_SERVICE = /^https:\/\/(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+$/;

function parsePushServices(given: string): readonly string[] | null {
  const services = given.split(',').map((one) => one.trim());
  return services.every((one) => PUSH_SERVICE.test(one)) ? services : null;
}

/** Every variable; docs/operations.md says what each is for. */
export const FIELDS = {
  ...SERVICE_FIELDS,
  NAME: optional(text, 'Chatelaine'),
  CLIENT_DOCUMENTS: optional(oneOf(['read', 'none']), 'read'),
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
  TRANSFER_HISTORY_DAYS: optional(integer({ min: 1, max: 36_500 }), 90),
  REVOCATION_HISTORY_DAYS: optional(integer({ min: 14, max: 36_500 }), 90),
  TIMELINE_DAYS: optional(integer({ min: 1, max: 36_500 }), 365),
  REFUSALS_PER_MINUTE: optional(integer({ min: 1, max: 1_000_000 }), DEFAULT_MACHINE_LIMITS.refusals.points),
  DOCUMENTS_PER_MINUTE: optional(integer({ min: 1, max: 1_000_000 }), DEFAULT_MACHINE_LIMITS.documents.points),
};

/**
 * Reads the environment; the only place that does.
 *
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
// the longest that reading a first document can take, and a little
const DISCOVERY_FAILURE_SECONDS = 3.5;
