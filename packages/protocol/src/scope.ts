import { LIMIT } from './lifetimes.ts';

/** RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ) */
export const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** A set of scope values in the order given, without repeats. */
export type ScopeSet = readonly string[];

/** Reads a `scope` parameter (values separated by single spaces); `null` if it is not one. RFC 6749 §3.3. */
export function parseScope(value: string): ScopeSet | null {
  const parts = value.split(' ');
  if (parts.length > LIMIT.scopes) return null;
  if (!parts.every((part) => part.length <= LIMIT.scopeChars && SCOPE_TOKEN.test(part))) return null;
  return [...new Set(parts)];
}

/**
 * Reads the `scope` of a stock client, which may contain extra spaces: empty values are ignored. RFC 6749 §3.3,
 * PROTOCOL §6. `null` if a value is malformed; an empty set if there are none.
 */
export function parseLooseScope(value: string): ScopeSet | null {
  const values = value.split(' ').filter((part) => part !== '');
  return values.length === 0 ? [] : parseScope(values.join(' '));
}

export function formatScope(scopes: ScopeSet): string {
  return scopes.join(' ');
}

/** Whether every one of `wanted` is in `granted`; comparison is case-sensitive (RFC 6749 §3.3). */
export function coversScope(granted: ScopeSet, wanted: ScopeSet): boolean {
  const have = new Set(granted);
  return wanted.every((scope) => have.has(scope));
}

/** Whether both have the same values, in any order. */
export function sameScope(a: ScopeSet, b: ScopeSet): boolean {
  return coversScope(a, b) && coversScope(b, a);
}

/** A canonical text for a set, to be used as a key. */
export function scopeKey(scopes: ScopeSet): string {
  return [...new Set(scopes)].sort().join(' ');
}
