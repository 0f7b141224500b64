import {
  integer,
  json,
  optional,
  readEnv,
  SERVICE_FIELDS,
  type ServiceConfig,
  serviceConfig,
  text,
} from '@chatelaine/service-kit';
import { type TermsReference, termsReferenceSchema } from '@chatelaine/protocol';
import { z } from 'zod';

export interface Config extends ServiceConfig {
  /** The name that owners see on consent pages. */
  readonly name: string;
  /** How many connections one account may start in an hour: each makes us fetch the address that was entered. */
  readonly connectsPerHour: number;
  /** How many seconds the feed waits for Hosts. */
  readonly feedSeconds: number;
  /** How many posts one account may have here. */
  readonly postsPerAccount: number;
  /**
   * Terms of owners that we sign, and those that we decline: by URI and digest, as the operator has decided. PROTOCOL
   * §10.
   */
  readonly terms: { readonly accepts: readonly TermsReference[]; readonly declines: readonly TermsReference[] };
}

const terms = json(z.array(termsReferenceSchema));

/** Every variable; docs/operations.md describes them. */
export const FIELDS = {
  ...SERVICE_FIELDS,
  NAME: optional(text, 'Lifestream'),
  CONNECTS_PER_HOUR: optional(integer({ min: 1, max: 100_000 }), 20),
  FEED_SECONDS: optional(integer({ min: 1, max: 30 }), 8),
  TERMS_ACCEPTED: optional(terms, []),
  TERMS_DECLINED: optional(terms, []),
  POSTS_PER_ACCOUNT: optional(integer({ min: 1, max: 1_000_000 }), 2_000),
};

/**
 * Reads the environment; nothing else does.
 *
 * @throws ConfigError with a sentence for every problem
 */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const read = readEnv(env, FIELDS);
  const service = serviceConfig(read);
  return {
    ...service,
    name: read.NAME,
    connectsPerHour: read.CONNECTS_PER_HOUR,
    feedSeconds: read.FEED_SECONDS,
    postsPerAccount: read.POSTS_PER_ACCOUNT,
    terms: { accepts: read.TERMS_ACCEPTED, declines: read.TERMS_DECLINED },
  };
}
