/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json };

/**
 * The one text of a value that everybody arrives at: the JSON Canonicalization Scheme (RFC 8785). Numbers and strings
 * are as ECMAScript writes them, members are in the order of their names' UTF-16 code units, and nothing is spaced.
 *
 * @throws TypeError for a number that JSON cannot say
 */
export function canonicalJson(value: Json): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('JSON has no such number.');
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name] ?? null)}`).join(',')}}`;
}

/** `Array.isArray`, for lists that are only read. */
const isList = (value: object): value is readonly Json[] => Array.isArray(value);
