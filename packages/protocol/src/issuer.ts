import { LIMIT } from './lifetimes.ts';

declare const issuerBrand: unique symbol;
/** An origin in canonical form: lower-case host, no default port, no trailing dot, no path. */
export type Issuer = string & { readonly [issuerBrand]: true };

declare const resourceBrand: unique symbol;
/**
 * A protected resource's identifier (RFC 8707 §2, RFC 9728 §1.2) in canonical form: an absolute URL without fragment or
 * query.
 */
export type ResourceUrl = string & { readonly [resourceBrand]: true };

/** Which schemes a deployment accepts; `http` exists for demos on one machine only. */
export type Schemes = readonly ('https' | 'http')[];

/** Reads an issuer that must already be in canonical form (as in metadata and claims); `null` otherwise. */
export function parseIssuer(value: string, schemes: Schemes): Issuer | null {
  const url = parseUrl(value, schemes);
  if (url === null || url.hostname.endsWith('.')) return null;
  return value === url.origin ? (value as Issuer) : null;
}

/**
 * Turns an address as a person typed it (`photos.example`, `HTTPS://Photos.Example:443/`) into an issuer; `null` if it
 * names none.
 */
export function issuerFromAddress(typed: string, schemes: Schemes): Issuer | null {
  const trimmed = typed.trim();
  if (trimmed.length > LIMIT.uriChars) return null;
  const url = parseUrl(
    /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `${schemeFor(trimmed, schemes)}://${trimmed}`,
    schemes,
  );
  if (url === null || url.search !== '') return null;
  url.hostname = url.hostname.replace(/\.$/, '');
  return parseIssuer(url.origin, schemes);
}

/** A bare name means https, except names of this machine where a demo allows http. */
function schemeFor(address: string, schemes: Schemes): string {
  return schemes.includes('http') && /^[^/:]*\.localhost(?=[:/]|$)/i.test(address) ? 'http' : 'https';
}

/**
 * Reads a `resource`; `null` unless it is an absolute URL in canonical form without fragment or query. RFC 8707 §2. A
 * resource that is a whole origin is spelled without a slash, so that no two spellings name the same one. PROTOCOL §0.
 */
export function parseResource(value: string, schemes: Schemes): ResourceUrl | null {
  const url = parseUrl(value, schemes);
  if (url === null || url.hostname.endsWith('.') || value.includes('?')) return null;
  const canonical = url.pathname === '/' ? url.origin : url.href;
  return value === canonical ? (value as ResourceUrl) : null;
}

/** The resource a Host has unless it says otherwise. PROTOCOL §0. */
export function defaultResource(issuer: Issuer): ResourceUrl {
  return `${issuer}/api` as ResourceUrl;
}

/** RFC 8414 §3.1 for an issuer without path. */
export function serverMetadataUrl(issuer: Issuer): string {
  return `${issuer}/.well-known/oauth-authorization-server`;
}

/** RFC 9728 §3.1: the well-known part goes between host and path. */
export function resourceMetadataUrl(resource: ResourceUrl): string {
  const url = new URL(resource);
  return `${url.origin}/.well-known/oauth-protected-resource${url.pathname === '/' ? '' : url.pathname}`;
}

/**
 * What may be the host in an address that a stranger names: a DNS name (RFC 1123 §2.1, and the underscore, which DNS
 * and browsers accept) or an IP address. URL parsers accept much more, including `;` and `'`, which would mean
 * something else in a header or on a page.
 */
export function isHost(hostname: string): boolean {
  return /^(?:\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?)$/.test(hostname);
}

export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
}

function parseUrl(value: string, schemes: Schemes): URL | null {
  if (value.length > LIMIT.uriChars || value.includes('#') || value.includes('\\') || /\s/.test(value)) return null;
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    return null;
  }
  const known = schemes.some((scheme) => url.protocol === `${scheme}:`);
  return known && url.username === '' && url.password === '' && isHost(url.hostname) ? url : null;
}

/**
 * Where a redirect URI leads, in words that complete "back to": a site by its name, or as much as can be told (RFC 8252
 * §8.6).
 */
export function landingOf(redirectUri: string): string {
  const { protocol, hostname, host } = new URL(redirectUri);
  if (protocol !== 'https:' && protocol !== 'http:') return 'the app on this device';
  return isLoopbackHost(hostname) ? 'the program on this computer' : host;
}
