import type { RequestRule } from './request-rule.ts';

/**
 * A request that a rule allows, rebuilt from the rule and from what was captured; it contains nothing else of what was
 * sent.
 */
export interface CoveredRequest {
  readonly kind: 'covered';
  readonly rule: RequestRule;
  /** The path at the service, beginning with a slash; each segment has its only valid encoding. */
  readonly path: string;
  /** Names and values, decoded, in the order in which they came. */
  readonly query: readonly (readonly [string, string])[];
}

export type Matched =
  | CoveredRequest
  /** No scope allows it, whoever asks. */
  | { readonly kind: 'uncovered' }
  /** It could be understood in two ways, or contains more than the rule allows. */
  | { readonly kind: 'odd'; readonly sentence: string };

const CAPTURE_CHARS = 500;
const QUERY_CHARS = 4096;

/**
 * Finds the rule for a request. A path that is not canonical is refused, never repaired: every segment must be encoded
 * exactly as we encode it, so that no proxy, router or service on the way can read it differently. Dots, slashes,
 * semicolons and backslashes have no other spelling here.
 *
 * @param target path and query as they came, after the service's own prefix: `/user/repos?page=2`
 */
export function matchRequest(rules: readonly RequestRule[], method: string, target: string): Matched {
  const cut = target.indexOf('?');
  const path = cut === -1 ? target : target.slice(0, cut);
  const segments = readPath(path);
  if (segments === null) return odd('The path is not in its canonical form.');
  const rule = rules.find((one) => one.method === method && fits(one, segments));
  if (rule === undefined) return { kind: 'uncovered' };
  const query = readQuery(cut === -1 ? '' : target.slice(cut + 1));
  if (query === null) return odd('The query is not well formed.');
  const names = query.map(([name]) => name);
  const unknown = names.find((name) => !rule.query.has(name));
  if (unknown !== undefined) return odd('The query has a parameter that does not pass here.');
  if (new Set(names).size < names.length) return odd('The query has a parameter twice.');
  return { kind: 'covered', rule, path: `/${segments.map(encodeURIComponent).join('/')}`, query };
}

/** The decoded segments; null if the path is spelled in any other way. */
function readPath(path: string): string[] | null {
  if (!path.startsWith('/')) return null;
  const decoded = path.slice(1).split('/').map(readSegment);
  return decoded.every((segment) => segment !== null) ? decoded : null;
}

function readSegment(encoded: string): string | null {
  const decoded = decode(encoded);
  if (decoded === null || decoded === '' || decoded.length > CAPTURE_CHARS) return null;
  if (decoded === '.' || decoded === '..' || /[\p{Cc}/\\%;?#]/u.test(decoded)) return null;
  return encodeURIComponent(decoded) === encoded ? decoded : null;
}

function fits({ segments }: RequestRule, path: readonly string[]): boolean {
  return (
    segments.length === path.length &&
    segments.every((segment, at) => segment.kind === 'capture' || segment.text === path[at])
  );
}

function readQuery(text: string): [string, string][] | null {
  if (text === '') return [];
  if (text.length > QUERY_CHARS) return null;
  const pairs = text.split('&').map((pair): [string, string] | null => {
    const cut = pair.indexOf('=');
    const name = decode(cut === -1 ? pair : pair.slice(0, cut));
    const value = decode((cut === -1 ? '' : pair.slice(cut + 1)).replaceAll('+', ' '));
    if (name === null || name === '' || value === null || /\p{Cc}/u.test(name + value)) return null;
    return [name, value];
  });
  return pairs.every((pair) => pair !== null) ? pairs : null;
}

/** Strict UTF-8, with only the characters that a URL may contain. */
function decode(text: string): string | null {
  if (!/^[\x21-\x7e]*$/.test(text) || /["<>\\^`{|}#]/.test(text)) return null;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

const odd = (sentence: string): Matched => ({ kind: 'odd', sentence });
