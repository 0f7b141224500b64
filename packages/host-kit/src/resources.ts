import { type Issuer, parseIssuer, parseResource, type ResourceUrl, type Schemes } from '@chatelaine/protocol';

/** An AM that clients which know nothing of AMs are sent to. PROTOCOL §6. */
export interface HostManager {
  /** The AM's issuer. */
  readonly issuer: string;
  /**
   * The resource that names this AM first; by default the Host's own `resource`. One resource per AM, because such
   * clients use the first server they read.
   */
  readonly resource?: string;
}

/** A protected resource and the issuers of tokens for it, in the order in which they are published. RFC 9728 §2. */
export interface HostResource {
  readonly url: ResourceUrl;
  readonly servers: readonly Issuer[];
}

/** A Host has at least one resource. */
export type HostResources = readonly [HostResource, ...HostResource[]];

export interface ResourcesInput {
  readonly issuer: Issuer;
  readonly schemes: Schemes;
  /** The resource that tokens are for when no AM is meant. */
  readonly resource: ResourceUrl;
  readonly managers: readonly HostManager[];
}

/**
 * The Host's own resource first, then those of AMs that have one to themselves. The Host is named in each: it mints,
 * and clients that know AMs go there.
 * @throws TypeError with a sentence for the developer of the app
 */
export function listResources(input: ResourcesInput): HostResources {
  const { issuer, schemes, resource } = input;
  const own = new Map<ResourceUrl, Issuer>();
  for (const manager of input.managers) {
    const am = parseIssuer(manager.issuer, schemes);
    if (am === null || am === issuer)
      throw new TypeError(
        `A manager's issuer must be an https origin other than this Host's own: "${manager.issuer}".`,
      );
    const url = parseOwnResource(manager.resource ?? resource, input);
    if (url === null)
      throw new TypeError(
        'The resource of a manager must be a URL on the origin of issuer, without query or fragment.',
      );
    if (own.has(url)) throw new TypeError(`Two managers cannot share the resource ${url}: give each one its own.`);
    own.set(url, am);
  }
  const first = own.get(resource);
  const others = [...own].filter(([url]) => url !== resource);
  return [
    { url: resource, servers: first === undefined ? [issuer] : [first, issuer] },
    ...others.map(([url, am]) => ({ url, servers: [am, issuer] })),
  ];
}

/** In canonical form; null unless it is a URL on the Host's own origin. */
export function parseOwnResource(
  value: string,
  { issuer, schemes }: Pick<ResourcesInput, 'issuer' | 'schemes'>,
): ResourceUrl | null {
  const resource = parseResource(value, schemes);
  return resource === null || new URL(resource).origin !== issuer ? null : resource;
}

/**
 * The resource that a request came through: the one with the longest matching path; the first if none fits. `target` as
 * received.
 */
export function resourceOf(resources: HostResources, target: string): ResourceUrl {
  const path = pathOf(target);
  const [deepest = resources[0]] = resources
    .filter(({ url }) => isBelow(path, new URL(url).pathname))
    .toSorted((a, b) => b.url.length - a.url.length);
  return deepest.url;
}

/** Decoded as routers do, so that another spelling of a route belongs to the same resource. */
function pathOf(target: string): string {
  const path = target.replace(/[?#].*$/s, '');
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function isBelow(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith('/') ? root : `${root}/`);
}
