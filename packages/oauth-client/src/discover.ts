import {
  LIFETIME,
  parseIssuer,
  parseResource,
  type ResourceMetadata,
  resourceMetadataSchema,
  resourceMetadataUrl,
  type Schemes,
  type ServerMetadata,
  serverMetadataSchema,
  serverMetadataUrl,
} from '@chatelaine/protocol';
import { foreignEndpoint, isOwnResource, missingFeatures, type ServerRole } from './metadata.ts';

/** The part of `Outbound` that fetches metadata documents. */
export interface DocumentReader {
  fetchJson(input: {
    readonly url: string;
  }): Promise<
    | { readonly kind: 'ok'; readonly json: unknown; readonly freshForSeconds: number }
    | { readonly kind: 'failed'; readonly reason: string }
  >;
}

export interface DiscoverDeps {
  readonly outbound: DocumentReader;
  readonly schemes: Schemes;
  /**
   * Seconds for all documents of one server together; 5 by default. The person who typed the address is waiting, and a
   * stranger's server must not keep us busy for longer by listing more documents.
   */
  readonly discoverySeconds?: number;
}

const DISCOVERY_SECONDS = 5;

export interface DiscoverInput {
  /** In canonical form, which `issuerFromAddress` makes of an address that somebody typed. */
  readonly issuer: string;
  readonly role: ServerRole;
}

export type DiscoveryFault =
  | 'bad_issuer'
  | 'unreachable'
  | 'not_metadata'
  | 'other_issuer'
  | 'foreign_endpoint'
  | 'not_compatible'
  | 'bad_resource';

/**
 * `sentence` may be shown on a page: it does not tell what was fetched, so that nobody can use the form as a port
 * scanner. `detail` is for the log.
 */
export interface DiscoveryFailed {
  readonly kind: 'failed';
  readonly reason: DiscoveryFault;
  readonly sentence: string;
  readonly detail?: string;
}

export interface Discovered {
  readonly kind: 'found';
  readonly metadata: ServerMetadata;
  /** A Host's resource metadata, in the order of its `protected_resources`. Empty for an AM. */
  readonly resources: readonly ResourceMetadata[];
  /** Seconds for which this may be cached: from 5 minutes to 24 hours. PROTOCOL §1. */
  readonly freshForSeconds: number;
}

export type Discovery = Discovered | DiscoveryFailed;

/**
 * Fetches and checks a server's metadata: RFC 8414 metadata at the issuer and, for a Host, the RFC 9728 document of
 * each resource that it lists. If anything required is missing the server is refused; there is no fallback to anything
 * weaker. PROTOCOL §2.1, §2.2.
 */
export async function discover(deps: DiscoverDeps, input: DiscoverInput): Promise<Discovery> {
  const { discoverySeconds = DISCOVERY_SECONDS } = deps;
  const late = Promise.withResolvers<Discovery>();
  const timer = setTimeout(() => late.resolve(failed('bad_resource', 'too slow')), discoverySeconds * 1000);
  try {
    return await Promise.race([discoverAll(deps, input), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function discoverAll(deps: DiscoverDeps, input: DiscoverInput): Promise<Discovery> {
  const issuer = parseIssuer(input.issuer, deps.schemes);
  if (issuer === null) return failed('bad_issuer');
  const answer = await deps.outbound.fetchJson({ url: serverMetadataUrl(issuer) });
  if (answer.kind === 'failed') return failed('unreachable', answer.reason);
  const parsed = serverMetadataSchema.safeParse(answer.json);
  if (!parsed.success) return failed('not_metadata');
  const metadata = parsed.data;
  // RFC 8414 §3.3: identical, not merely equivalent
  if (metadata.issuer !== issuer) return failed('other_issuer');
  const foreign = foreignEndpoint(metadata);
  if (foreign !== null) return failed('foreign_endpoint', foreign);
  const missing = missingFeatures(metadata, input.role);
  if (missing.length > 0) return notCompatible(input.role, missing.join(', '));
  const found = { kind: 'found' as const, metadata, freshForSeconds: clampFreshness(answer.freshForSeconds) };
  return input.role === 'am' ? { ...found, resources: [] } : withResources(deps, found);
}

/** A Host with more resources is refused: each is one more request that whoever typed the address makes us send. */
const MAX_RESOURCES = 10;

async function withResources(deps: DiscoverDeps, found: Omit<Discovered, 'resources'>): Promise<Discovery> {
  const { issuer, protected_resources: listed = [] } = found.metadata;
  if (listed.length > MAX_RESOURCES) return failed('bad_resource', 'too many');
  // in parallel, because they share one deadline
  const read = await Promise.all(listed.map((url) => readResource(deps, { url, issuer })));
  const faulty = read.find((one) => one.kind === 'failed');
  if (faulty !== undefined) return faulty;
  const good = read.filter((one) => one.kind === 'resource');
  const freshForSeconds = Math.min(found.freshForSeconds, ...good.map((one) => one.freshForSeconds));
  return { ...found, resources: good.map(({ metadata }) => metadata), freshForSeconds };
}

type ReadResource =
  | { readonly kind: 'resource'; readonly metadata: ResourceMetadata; readonly freshForSeconds: number }
  | DiscoveryFailed;

async function readResource(
  { outbound, schemes }: DiscoverDeps,
  { url, issuer }: { url: string; issuer: string },
): Promise<ReadResource> {
  const resource = parseResource(url, schemes);
  if (resource === null || new URL(resource).origin !== issuer) return failed('bad_resource', 'foreign');
  const answer = await outbound.fetchJson({ url: resourceMetadataUrl(resource) });
  if (answer.kind === 'failed') return failed('bad_resource', answer.reason);
  const parsed = resourceMetadataSchema.safeParse(answer.json);
  if (!parsed.success || !isOwnResource(parsed.data, resource, issuer)) return failed('bad_resource', 'other');
  return { kind: 'resource', metadata: parsed.data, freshForSeconds: clampFreshness(answer.freshForSeconds) };
}

/** What others publish is cached for at least 5 minutes and at most 24 hours. PROTOCOL §1. */
function clampFreshness(seconds: number | undefined): number {
  const wanted = seconds !== undefined && Number.isFinite(seconds) ? seconds : LIFETIME.documentCacheMin;
  return Math.min(Math.max(wanted, LIFETIME.documentCacheMin), LIFETIME.documentCacheMax);
}

const NOTHING_THERE = 'No service that fits was found at this address.';
const SENTENCE: Readonly<Record<Exclude<DiscoveryFault, 'not_compatible'>, string>> = {
  bad_issuer: 'This is not the address of a service.',
  // one sentence for everything that a fetch can reveal, so that the form does not tell whether a port is open
  unreachable: NOTHING_THERE,
  not_metadata: NOTHING_THERE,
  other_issuer: NOTHING_THERE,
  foreign_endpoint: 'The service sends its visitors to another address than its own, so it is refused.',
  bad_resource: 'The service does not describe its own resources as it must.',
};

/** The address may belong to a service of the other kind, so the sentence begins with what the service is not. */
const NOT_COMPATIBLE: Readonly<Record<ServerRole, string>> = {
  am: 'This is not the address of an authorization manager that fits',
  host: 'The service is not compatible',
};

function notCompatible(role: ServerRole, lacks: string): DiscoveryFailed {
  return {
    kind: 'failed',
    reason: 'not_compatible',
    sentence: `${NOT_COMPATIBLE[role]}: it lacks ${lacks}.`,
    detail: lacks,
  };
}

function failed(reason: keyof typeof SENTENCE, detail?: string): DiscoveryFailed {
  return { kind: 'failed', reason, sentence: SENTENCE[reason], ...(detail === undefined ? {} : { detail }) };
}
