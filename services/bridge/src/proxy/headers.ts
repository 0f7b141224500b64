import { invalidRequest } from '@chatelaine/protocol';
import type { FastifyRequest } from 'fastify';

/**
 * Header fields of a request that reach a service. All others stay here: cookies, credentials, and what concerns the
 * connection (RFC 9110 §7.6.1).
 */
const TO_SERVICE = ['accept', 'accept-language', 'if-match', 'if-modified-since', 'if-none-match', 'range'];

/** They make one method pass for another behind our back. */
const OVERRIDES = ['x-http-method', 'x-http-method-override', 'x-method-override'];

/** @throws OAuthError for what says two things */
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
 * Header fields of a service's answer that leave. Not among them: cookies, what a browser would keep of our origin
 * (Alt-Svc, Clear-Site-Data), CORS.
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

/** Whether a header field of an answer may be the service's. */
export const isFromService = (name: string): boolean =>
  FROM_SERVICE.includes(name) || LIMITS.test(name) || name === 'link';

export interface Place {
  /** The service's. */
  readonly origin: string;
  /** Where it is here: `<issuer>/api/<service>`. */
  readonly here: string;
  /** Whether a GET of a path with its query is covered by the scope that was asked with. */
  readonly covers: (target: string) => boolean;
}

export function headersFromService(headers: Headers, place: Place): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of headers) if (FROM_SERVICE.includes(name) || LIMITS.test(name)) kept[name] = value;
  const link = linkHere(headers.get('link'), place);
  if (link !== null) kept['link'] = link;
  return kept;
}

/**
 * RFC 8288: the next page, by its address here. One that leads anywhere else, or to what the scope does not cover, is
 * left out, since an address may itself be a key.
 */
function linkHere(link: string | null, { origin, here, covers }: Place): string | null {
  if (link === null || link.length > 8192) return null;
  const moved = link.split(/,(?=\s*<)/).flatMap((part) => {
    const [, address = '', parameters = ''] = /^\s*<([^>]*)>(.*)$/s.exec(part) ?? [];
    const target = address.startsWith(`${origin}/`) ? address.slice(origin.length) : null;
    return target !== null && covers(target) ? [`<${here}${target}>${parameters.trimEnd()}`] : [];
  });
  return moved.length === 0 ? null : moved.join(', ');
}
