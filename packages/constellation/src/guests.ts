import { type Certificate, freePorts, type LocalAuthority } from '@chatelaine/test-kit';

/**
 * A server that a test runs itself, at `<name>.localhost` and this port. Every service may call it.
 */
export interface Guest {
  name: string;
  port: number;
  url: string;
  /** The certificate if `url` is https; every service trusts it. */
  tls: Certificate | null;
}

export interface GuestsOptions {
  guests: readonly string[];
  secureGuests: readonly string[];
  /** Ports by name; all others get free ones. */
  ports?: Readonly<Record<string, number>>;
  /** Host names by name, instead of `<name>.localhost`. */
  hostnames?: Readonly<Record<string, string>>;
  authority: Pick<LocalAuthority, 'certificate'>;
}

/** Chooses names and ports before anything starts, since they are in the services' configuration. */
export async function planGuests({
  guests,
  secureGuests,
  ports = {},
  hostnames = {},
  authority,
}: GuestsOptions): Promise<Guest[]> {
  const free = await freePorts(guests.length + secureGuests.length);
  return [...guests, ...secureGuests].map((name, index) => {
    const port = ports[name] ?? free[index] ?? 0;
    const host = hostnames[name] ?? `${name}.localhost`;
    const tls = index < guests.length ? null : authority.certificate([host]);
    return { name, port, url: `${tls === null ? 'http' : 'https'}://${host}:${port}`, tls };
  });
}
