import { invalidRequest } from '@chatelaine/protocol';
import type { FastifyRequest } from 'fastify';

/**
 * Header fields of a request that are sent on to a service. All others are not: cookies, credentials, and those that
 * concern the connection (RFC 9110 §7.6.1).
 */
const TO_SERVICE = ['accept', 'accept-language', 'if-match', 'if-modified-since', 'if-none-match', 'range'];

/** Services may honour these, and so treat a request as one with another method. */
const OVERRIDES = ['x-http-method', 'x-http-method-override', 'x-method-override'];

/** @throws OAuthError if a header field is repeated, or would override the method */
export function headersToService({ raw }: Pick<FastifyRequest, 'raw'>, body: string | null): Record<string, string> {
  const { headersDistinct } = raw;
  if (OVERRIDES.some((name) => headersDistinct[name] !== undefined))
    throw invalidRequest('The method of a request is in its first line and nowhere else.');
  const kept: Record<string, string> = {};
  for (const name of TO_SERVICE) {
    const [value, ...more] = headersDistinct[name] ?? [];
    if (more.length > 0) throw invalidRequest(`The header field ${name} may be there once.`);
    if (value !== undefined) kept[name] = value;
  }
  return body === null ? kept : { ...kept, 'content-type': body };
}

/**
 * Header fields of a service's answer that are passed on. Not among them: cookies, CORS, and what a browser would store
 * for our origin (Alt-Svc, Clear-Site-Data).
 */
const FROM_SERVICE = [
  'accept-ranges',
  'content-disposition',
  'content-language',
  'content-length',
  'content-range',
  'content-type',
  'etag',
  'last-modified',
  'retry-after',
];
const LIMITS = /^(x-)?ratelimit(-[a-z-]+)?$/;

/** Whether a header field of an answer may come from the service. */
export const isFromService = (name: string): boolean =>
  FROM_SERVICE.includes(name) || LIMITS.test(name) || name === 'link';

export interface ForwardedService {
  /** The service's origin. */
  readonly origin: string;
  /** Its address at the bridge: `<issuer>/api/<service>`. */
  readonly here: string;
  /** Whether the scope that was used allows a GET of this path with its query. */
  readonly covers: (target: string) => boolean;
}

export function headersFromService(headers: Headers, service: ForwardedService): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of headers) if (FROM_SERVICE.includes(name) || LIMITS.test(name)) kept[name] = value;
  const link = linkHere(headers.get('link'), service);
  if (link !== null) kept['link'] = link;
  return kept;
}

/**
 * RFC 8288: the next page, by its address at the bridge. A link that leads anywhere else, or to what the scope does not
 * allow, is left out, because an address may itself be a secret.
 */
function linkHere(link: string | null, { origin, here, covers }: ForwardedService): string | null {
  if (link === null || link.length > 8192) return null;
  const moved = link.split(/,(?=\s*<)/).flatMap((part) => {
    const [, address = '', parameters = ''] = /^\s*<([^>]*)>(.*)$/s.exec(part) ?? [];
    const target = address.startsWith(`${origin}/`) ? address.slice(origin.length) : null;
    return target !== null && covers(target) ? [`<${here}${target}>${parameters.trimEnd()}`] : [];
  });
  return moved.length === 0 ? null : moved.join(', ');
}
