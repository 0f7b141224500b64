import { isLoopbackHost, LIMIT } from '@chatelaine/protocol';
import type { Client } from '../client/client.ts';

/** The redirect URI of a request, or null. It may be missing if exactly one is registered. */
export function pickRedirectUri(client: Client, given: string | undefined): string | null {
  if (given === undefined) return client.redirectUris.length === 1 ? (client.redirectUris[0] ?? null) : null;
  return hasRedirectUri(client, given) ? given : null;
}

/**
 * Exact string comparison (RFC 9700 §4.1.3), except for loopback redirects: a native program uses whatever port it is
 * given (RFC 8252 §7.3), also with `localhost`, and may omit a path that is `/` (RFC 3986 §6.2.3).
 */
export function hasRedirectUri({ redirectUris }: Pick<Client, 'redirectUris'>, given: string): boolean {
  if (redirectUris.includes(given)) return true;
  const loose = withoutPort(given);
  return loose !== null && redirectUris.some((known) => withoutPort(known) === loose);
}

const LOOPBACK = /^http:\/\/([a-z0-9.]+|\[[0-9a-f:]+\])(?::([1-9]\d{0,4}))?([/?][^\s\\#]*)?$/;

/**
 * A loopback redirect URI without its port and with its path; null for any other. Taken literally: what a parser would
 * correct does not match.
 */
function withoutPort(uri: string): string | null {
  const [, host, port = '80', rest = ''] = (uri.length <= LIMIT.uriChars && LOOPBACK.exec(uri)) || [];
  if (host === undefined || !isLoopbackHost(host) || Number(port) > 65_535) return null;
  return `http://${host}${rest.startsWith('/') ? '' : '/'}${rest}`;
}
