import { freePorts } from '@chatelaine/test-kit';
import type { Guest } from './guests.ts';

/** The Hosts that can be started: each is the reference Host under another name. */
export const FLAVORS = ['photos', 'calendar', 'notes'] as const;
export type Flavor = (typeof FLAVORS)[number];

/** The Requesters that can be started, which are Hosts as well: each is the reference Requester under another name. */
const REQUESTERS = ['lifestream', 'echo'] as const;
export type RequesterName = (typeof REQUESTERS)[number];

/** One service of a deployment: a name, an origin, a role and schema in the database. */
export interface Plan {
  /** `am`, `photos`, `calendar`, `notes`, `bridge`, `lifestream`, `echo`: also the database role. */
  name: string;
  service: 'am' | 'host' | 'bridge' | 'requester';
  /** Its name for people. */
  title: string;
  port: number;
  /** The issuer. */
  url: string;
  flavor: Flavor | null;
  /** The number of its processes. */
  replicas: number;
}

export interface PlanOptions {
  ams?: number;
  hosts?: readonly Flavor[];
  /** Processes of a bridge; 0 by default. Its DEFINITIONS and CLIENTS have to be in `env`. */
  bridges?: number;
  /** By default Lifestream alone; `false`: none. */
  requester?: boolean;
  requesters?: readonly RequesterName[];
  /** Ports by name; all others get free ones. */
  ports?: Readonly<Record<string, number>>;
  /**
   * Host names by name, instead of `<name>.localhost`: other names or addresses of this machine, each for one service
   * only.
   */
  hostnames?: Readonly<Record<string, string>>;
}

/** Every service that a constellation can have, by its database role. */
export const ROLES: readonly Pick<Plan, 'name' | 'service'>[] = [
  { name: 'am', service: 'am' },
  ...FLAVORS.map((name) => ({ name, service: 'host' as const })),
  { name: 'bridge', service: 'bridge' },
  ...REQUESTERS.map((name) => ({ name, service: 'requester' as const })),
];

/**
 * Chooses names and ports before anything starts: an issuer contains its port, and every service is configured with the
 * others' issuers.
 */
export async function planDeployment(options: PlanOptions = {}): Promise<Plan[]> {
  const { ams = 2, hosts = FLAVORS, bridges = 0, requester = true, ports = {}, hostnames = {} } = options;
  const requesters = options.requesters ?? (requester ? (['lifestream'] as const) : []);
  const parts: Omit<Plan, 'port' | 'url'>[] = [
    { name: 'am', service: 'am', title: 'Chatelaine', flavor: null, replicas: ams },
    ...hosts.map((flavor) => ({
      name: flavor,
      service: 'host' as const,
      title: titleOf(flavor),
      flavor,
      replicas: 1,
    })),
    ...(bridges === 0
      ? []
      : [{ name: 'bridge', service: 'bridge' as const, title: 'Bridge', flavor: null, replicas: bridges }]),
    ...requesters.map((name) => ({
      name,
      service: 'requester' as const,
      title: titleOf(name),
      flavor: null,
      replicas: 1,
    })),
  ];
  const free = await freePorts(parts.length);
  return parts.map((part, index) => {
    const port = ports[part.name] ?? free[index] ?? 0;
    return { ...part, port, url: `http://${hostnames[part.name] ?? `${part.name}.localhost`}:${port}` };
  });
}

const titleOf = (name: string): string => `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;

/** An exact destination that a service may call although its address is private. */
export interface OutboundException {
  host: string;
  port: number;
  scheme: 'http' | 'https';
  cidr: string;
}

/**
 * Whom a service calls: the AM reads documents of Requesters and calls Hosts; a Host reads documents of AMs and
 * Requesters; a Requester calls the AM, Hosts, and other Requesters, which are Hosts as well. None calls itself.
 */
export function exceptionsFor(
  plan: Pick<Plan, 'service' | 'name'>,
  deployment: readonly Plan[],
  guests: readonly Guest[],
): OutboundException[] {
  const others = deployment.filter(({ service, name }) =>
    plan.service === 'requester' ? name !== plan.name : service !== plan.service,
  );
  return [...others, ...guests].map(({ port, url }) => ({
    host: new URL(url).hostname,
    port,
    scheme: url.startsWith('https:') ? 'https' : 'http',
    cidr: '127.0.0.0/8',
  }));
}
