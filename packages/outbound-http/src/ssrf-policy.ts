import { isIP } from 'node:net';
import { isInCidr, isPublicAddress } from './addresses.ts';
import { compileExceptions, type OutboundException } from './exceptions.ts';
import { isLocalName } from './names.ts';

export interface SsrfPolicyOptions {
  readonly exceptions: readonly OutboundException[];
  /**
   * Demo mode: a name under `localhost` that has an exception means 127.0.0.1, without asking DNS, if the exception's
   * range contains that. Outside demo mode such names are always refused.
   */
  readonly demo: boolean;
  /** Host names of this service. It never sends a request to itself, exception or not. */
  readonly ownNames?: readonly string[];
}

/** How the host of an allowed destination is resolved to addresses. */
export type Resolution = 'literal' | 'loopback' | 'public' | 'system';

export type Verdict =
  | {
      readonly kind: 'allowed';
      readonly host: string;
      readonly resolution: Resolution;
      /** Whether the destination may be reached at this address. */
      readonly permits: (address: string) => boolean;
    }
  | { readonly kind: 'refused'; readonly detail: string };

export interface SsrfPolicy {
  /** Judges a URL by its text alone. The addresses of its host are judged when connecting. */
  judge(url: URL): Verdict;
}

/**
 * The SSRF policy: only `https` on port 443, at public names with public addresses, and the exact exceptions. It cannot
 * be turned off. URLs are judged after parsing, when 0x7f.1, 2130706433 and full-width digits are all 127.0.0.1.
 */
export function createSsrfPolicy(options: SsrfPolicyOptions): SsrfPolicy {
  const rangesFor = compileExceptions(options.exceptions);
  const ownNames = new Set((options.ownNames ?? []).map((name) => trimDot(name.toLowerCase())));
  return {
    judge(url) {
      const scheme = url.protocol.slice(0, -1);
      if (scheme !== 'https' && scheme !== 'http') return refused('The scheme is not https.');
      if (url.username !== '' || url.password !== '') return refused('The URL carries a user name or password.');
      const host = url.hostname.replace(/^\[|\]$/g, '');
      if (host === '') return refused('The URL has no host.');
      if (ownNames.has(host)) return refused('The name is our own.');
      const port = url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port);
      const literal = isIP(host) !== 0;
      const ranges = rangesFor({ scheme, host, port });
      if (ranges.length === 0) return judgeStranger({ scheme, host, port, literal });
      const permits = (address: string) => ranges.some((range) => isInCidr(address, range));
      if (literal) {
        return permits(host)
          ? { kind: 'allowed', host, resolution: 'literal', permits }
          : refused('The address is outside its exception.');
      }
      if (!isLocalhost(host)) return { kind: 'allowed', host, resolution: 'system', permits };
      if (!options.demo) return refused('Names under localhost are for demo mode.');
      // on one machine the name means loopback; in a network of containers it is an alias, as the exception's range
      // shows
      return { kind: 'allowed', host, resolution: permits('127.0.0.1') ? 'loopback' : 'system', permits };
    },
  };
}

function judgeStranger({
  scheme,
  host,
  port,
  literal,
}: {
  scheme: string;
  host: string;
  port: number;
  literal: boolean;
}): Verdict {
  if (scheme !== 'https') return refused('The scheme is not https.');
  if (port !== 443) return refused('The port is not 443.');
  if (!literal && isLocalName(host)) return refused('The name is a local one.');
  if (literal && !isPublicAddress(host)) return refused('The address is not a public one.');
  return { kind: 'allowed', host, resolution: literal ? 'literal' : 'public', permits: isPublicAddress };
}

function isLocalhost(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost');
}

function trimDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

function refused(detail: string): Verdict {
  return { kind: 'refused', detail };
}
