import { type Issuer, parseIssuer, parseResource, type ResourceUrl, type Schemes } from '@chatelaine/protocol';

/** An authorization manager that clients which know nothing of managers are sent to. PROTOCOL §6. */
export interface HostManager {
  /** The AM's issuer. */
  readonly issuer: string;
  /**
   * The resource at which it is named first; the Host's own `resource` unless given. One resource per AM: such clients
   * take the first server they read.
   */
  readonly resource?: string;
}

/** A protected resource, and who gives tokens for it, in the order in which it is published. RFC 9728 §2. */
export interface HostResource {
  readonly url: ResourceUrl;
  readonly servers: readonly Issuer[];
}

/** A Host has one resource at least. */
export type HostResources = readonly [HostResource, ...HostResource[]];

export interface ResourcesInput {
  readonly issuer: Issuer;
  readonly schemes: Schemes;
  /** What tokens are for where no manager is meant. */
  readonly resource: ResourceUrl;
  readonly managers: readonly HostManager[];
}

/**
 * The Host's own resource first, then those of managers that have one to themselves. The Host is named everywhere: it
 * mints, and clients that know managers go there.
 *
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

/** In canonical form, or null when it is no URL of the Host's own origin. */
export function parseOwnResource(
  value: string,
  { issuer, schemes }: Pick<ResourcesInput, 'issuer' | 'schemes'>,
): ResourceUrl | null {
  const resource = parseResource(value, schemes);
  return resource === null || new URL(resource).origin !== issuer ? null : resource;
}

/**
 * The resource that a request came through: the one whose path reaches deepest; the first where none fits. `target` as
 * received.
 */
export function resourceOf(resources: HostResources, target: string): ResourceUrl {
  const path = pathOf(target);
  const [deepest = resources[0]] = resources
    .filter(({ url }) => isBelow(path, new URL(url).pathname))
    .toSorted((a, b) => b.url.length - a.url.length);
  return deepest.url;
}

/** Decoded as routers do it, so that another spelling of a route is no other resource. */
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
