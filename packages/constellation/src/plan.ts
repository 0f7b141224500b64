import { freePorts } from '@chatelaine/test-kit';
import type { Guest } from './guests.ts';

/** Hosts there are: each is the one reference Host, run under another name. */
export const FLAVORS = ['photos', 'calendar', 'notes'] as const;
export type Flavor = (typeof FLAVORS)[number];

/** Requesters there are, which are Hosts as well: each is the one reference Requester, run under another name. */
const REQUESTERS = ['lifestream', 'echo'] as const;
export type RequesterName = (typeof REQUESTERS)[number];

/** One service of a deployment: a name, an origin, a role and schema in the database. */
export interface Plan {
  /** `am`, `photos`, `calendar`, `notes`, `bridge`, `lifestream`, `echo`: also the database role. */
  name: string;
  service: 'am' | 'host' | 'bridge' | 'requester';
  /** How people call it. */
  title: string;
  port: number;
  /** The issuer. */
  url: string;
  flavor: Flavor | null;
  /** How many processes serve it. */
  replicas: number;
}

export interface PlanOptions {
  ams?: number;
  hosts?: readonly Flavor[];
  /** How many processes of a bridge; none unless given. Its DEFINITIONS and CLIENTS are for `env` to say. */
  bridges?: number;
  /** Lifestream alone, unless given; `false`: none. */
  requester?: boolean;
  requesters?: readonly RequesterName[];
  /** By name; free ones for the rest. */
  ports?: Readonly<Record<string, number>>;
  /** By name, instead of `<name>.localhost`: another name or address of this machine, each for one service only. */
  hostnames?: Readonly<Record<string, string>>;
}

/** Every role that a constellation can have, and the service that it is of. */
export const ROLES: readonly Pick<Plan, 'name' | 'service'>[] = [
  { name: 'am', service: 'am' },
  ...FLAVORS.map((name) => ({ name, service: 'host' as const })),
  { name: 'bridge', service: 'bridge' },
  ...REQUESTERS.map((name) => ({ name, service: 'requester' as const })),
];

/**
 * Decides names and ports before anything starts: an issuer contains its port, and every service must know the others'
 * when it starts.
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

/** A destination a service may call although it is private, exactly. */
export interface OutboundException {
  host: string;
  port: number;
  scheme: 'http' | 'https';
  cidr: string;
}

/**
 * Who calls whom: the AM reads the documents of Requesters and calls Hosts, a Host reads those of AMs and Requesters, a
 * Requester calls both, and other Requesters, which are Hosts, too. Never itself.
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
