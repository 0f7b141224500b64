import { invalidRequest, OAuthError } from './errors.ts';

/**
 * Header fields that say who asks, of whom, and what the body is. Of several, Node keeps the first while a proxy in
 * front may have looked at the last, so each may appear only once. RFC 9110 §5.3, RFC 9112 §3.2.
 */
const ONCE: ReadonlySet<string> = new Set(['authorization', 'host', 'content-type']);

/**
 * What is wrong with the fields of a request before anybody looks at what it asks for; null when nothing is.
 *
 * @param rawHeaders names and values in turn, as Node's `rawHeaders` has them
 */
export function refusalOfFields(rawHeaders: readonly string[]): OAuthError | null {
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    if (name === 'content-encoding' && !isIdentity(rawHeaders[at + 1] ?? '')) return encoded();
    if (!ONCE.has(name)) continue;
    if (seen.has(name)) return invalidRequest(`The header field ${name} may be there once.`);
    seen.add(name);
  }
  return null;
}

/**
 * The values of every field of this name, not joined: where there may be exactly one, a second is to be seen (RFC 9449
 * §4.3). Node's `headersDistinct` says the same, and sorts all fields for it.
 *
 * @param rawHeaders as of {@link refusalOfFields}
 * @param name in lower case
 */
export function valuesOf(rawHeaders: readonly string[], name: string): readonly string[] {
  const values: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2)
    if (rawHeaders[at]?.toLowerCase() === name) values.push(rawHeaders[at + 1] ?? '');
  return values;
}

const isIdentity = (codings: string): boolean => /^[\s,]*(identity[\s,]*)*$/i.test(codings);

/** RFC 9110 §15.5.16, §12.5.3: the answer names the content codings a request may have. */
function encoded(): OAuthError {
  const headers = { 'accept-encoding': 'identity' };
  return new OAuthError('invalid_request', 'The body must not be compressed.', { status: 415, headers });
}

/**
 * Whether the browser says that another site sent this request. Fetch Metadata decides where there is any: with
 * `Referrer-Policy: no-referrer` the Origin of our own forms is `null` (Fetch §3.2, "append a request Origin header").
 * Where a browser says no more than that (Safari before 16.4), it does not say so, and a form's token alone decides.
 *
 * @param headers by their names in lower case, as Node has them
 * @param origin this server's own
 */
export function isCrossSite(headers: Readonly<Record<string, unknown>>, origin: string): boolean {
  const { 'sec-fetch-site': site, origin: from } = headers;
  const isForeign = from !== undefined && from !== 'null' && from !== origin;
  return isForeign || (site !== undefined && site !== 'same-origin' && site !== 'none');
}
