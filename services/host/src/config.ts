import {
  type ArmedFailpoint,
  ConfigError,
  failpointsField,
  flag,
  integer,
  oneOf,
  optional,
  readEnv,
  SERVICE_FIELDS,
  type ServiceConfig,
  serviceConfig,
  text,
} from '@chatelaine/service-kit';
import { FAILPOINTS, type FailpointName } from './failpoints.ts';
import { FLAVOR_IDS, type FlavorId } from './flavor.ts';

export interface Config extends ServiceConfig {
  /** The name by which people know this Host; AMs show it too. */
  readonly name: string;
  readonly flavor: FlavorId;
  /**
   * Whether it issues tokens that are bound to no key, to Requesters that cannot prove one. Each time, the owner's AM
   * must state that the owner permits it. PROTOCOL §6.
   */
  readonly bearerTokens: boolean;
  /** Refused requests that one source may send to the OAuth endpoints in a minute. */
  readonly refusalsPerMinute: number;
  /** How many entries one account may have. */
  readonly entriesPerAccount: number;
  /** Failpoints at which this process exits; for tests, and empty unless `demo`. */
  readonly failpoints: readonly ArmedFailpoint<FailpointName>[];
}

/** Every variable; docs/operations.md describes them. */
export const FIELDS = {
  NAME: text,
  FLAVOR: oneOf(FLAVOR_IDS),
  ...SERVICE_FIELDS,
  FAILPOINTS: optional(failpointsField(FAILPOINTS), []),
  BEARER_TOKENS: optional(flag, false),
  REFUSALS_PER_MINUTE: optional(integer({ min: 1, max: 1_000_000 }), 100),
  ENTRIES_PER_ACCOUNT: optional(integer({ min: 1, max: 1_000_000 }), 2_000),
};

/**
 * Reads the environment; nothing else does.
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
    flavor: read.FLAVOR,
    bearerTokens: read.BEARER_TOKENS,
    refusalsPerMinute: read.REFUSALS_PER_MINUTE,
    entriesPerAccount: read.ENTRIES_PER_ACCOUNT,
    failpoints: read.FAILPOINTS,
  };
}
