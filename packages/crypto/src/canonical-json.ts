/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [member: string]: Json };

/**
 * The JSON Canonicalization Scheme (RFC 8785): the one text of a value at which every implementation arrives. Numbers
 * and strings are written as in ECMAScript, members are sorted by the UTF-16 code units of their names, and there is no
 * white space.
 *
 * @throws TypeError for a number that JSON cannot represent
 */
export function canonicalJson(value: Json): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('JSON has no such number.');
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name] ?? null)}`).join(',')}}`;
}

/** `Array.isArray` does not narrow to a readonly array. */
const isList = (value: object): value is readonly Json[] => Array.isArray(value);
