import { type Cidr, parseCidr } from './addresses.ts';

/**
 * One destination that the policy would refuse and the operator allows. Scheme, host, port and address must all match,
 * exactly: nothing in it is a pattern.
 */
export interface OutboundException {
  /** A host name or IP literal in lower case; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  readonly scheme: 'http' | 'https';
  /** The range that must contain every address of the name, such as `127.0.0.1/32`. */
  readonly cidr: string;
}

export type ExceptionsResult =
  | { readonly kind: 'valid'; readonly exceptions: readonly OutboundException[] }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Reads a configured list of exceptions. `reason` is one sentence for the operator. */
export function parseExceptions(value: unknown): ExceptionsResult {
  if (!Array.isArray(value)) return { kind: 'invalid', reason: 'Outbound exceptions are a list.' };
  for (const [index, entry] of value.entries()) {
    const problem = problemOf(entry);
    if (problem !== null) return { kind: 'invalid', reason: `Outbound exception ${index + 1}: ${problem}` };
  }
  return { kind: 'valid', exceptions: value as readonly OutboundException[] };
}

/** One line to print at start, so that an exception is not forgotten. */
export function describeException({ scheme, host, port, cidr }: OutboundException): string {
  return `${scheme}://${host}:${port} at ${cidr}`;
}

function problemOf(entry: unknown): string | null {
  if (typeof entry !== 'object' || entry === null) return 'it is an object {host, port, scheme, cidr}.';
  const { host, port, scheme, cidr, ...others } = entry as Record<string, unknown>;
  if (Object.keys(others).length > 0) return 'it has members other than host, port, scheme, cidr.';
  if (typeof host !== 'string' || !/^[a-z0-9._:-]+$/.test(host) || host.endsWith('.'))
    return 'host is one exact lower-case name or address.';
  if (!Number.isInteger(port) || Number(port) < 1 || Number(port) > 65_535) return 'port is 1 to 65535.';
  if (scheme !== 'http' && scheme !== 'https') return 'scheme is http or https.';
  try {
    parseCidr(String(cidr));
    return null;
  } catch {
    return 'cidr is an address range like 10.1.2.0/24.';
  }
}

export interface Destination {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
}

/**
 * Returns a function that finds the address ranges allowed for exactly one destination; none if no exception matches.
 */
export function compileExceptions(
  exceptions: readonly OutboundException[],
): (destination: Destination) => readonly Cidr[] {
  const read = parseExceptions(exceptions);
  if (read.kind === 'invalid') throw new TypeError(read.reason);
  const compiled = new Map<string, Cidr[]>();
  for (const exception of exceptions) {
    const key = keyOf(exception);
    compiled.set(key, [...(compiled.get(key) ?? []), parseCidr(exception.cidr)]);
  }
  return (destination) => compiled.get(keyOf(destination)) ?? [];
}

function keyOf({ scheme, host, port }: Destination): string {
  return `${scheme} ${host} ${port}`;
}
