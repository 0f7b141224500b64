import { LIMIT } from './lifetimes.ts';

export type JsonResult =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'malformed'; readonly reason: string };

/** Members of this name are always refused, and so are the names a caller adds. */
const NEVER = '__proto__';

/** Every name by which careless copying reaches an object's prototype. */
export const PROTOTYPE_NAMES: ReadonlySet<string> = new Set([NEVER, 'constructor', 'prototype']);

/**
 * Reads JSON strictly: valid UTF-8 without byte order mark, no repeated member, no member named `__proto__` or one of
 * `refusedNames`, at most {@link LIMIT.jsonDepth} levels. RFC 8259 leaves repeated members to the receiver, and two
 * receivers that differ can be attacked. Never throws.
 */
export function parseJson(
  input: Uint8Array | string,
  { refusedNames = new Set() }: { refusedNames?: ReadonlySet<string> } = {},
): JsonResult {
  let text: string;
  try {
    text = typeof input === 'string' ? input : decoder.decode(input);
  } catch {
    return { kind: 'malformed', reason: 'The text is not valid UTF-8.' };
  }
  const problem = scan(text, refusedNames);
  if (problem !== null) return { kind: 'malformed', reason: problem };
  try {
    return { kind: 'json', value: JSON.parse(text) as unknown };
  } catch {
    return { kind: 'malformed', reason: 'The text is not valid JSON.' };
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Walks the tokens once, without recursion, before the real parser runs. */
function scan(text: string, refusedNames: ReadonlySet<string>): string | null {
  const names: (Set<string> | null)[] = [];
  let wantsName = false;
  // a string that is never closed is one token, too: looking for its end from each quote inside it would take quadratic
  // time
  const token = /"(?:[^"\\]|\\.)*"?|[{}[\],:]/gs;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const found = match[0];
    if (found === '{' || found === '[') {
      names.push(found === '{' ? new Set() : null);
      wantsName = found === '{';
      if (names.length > LIMIT.jsonDepth) return 'The JSON is nested too deeply.';
    } else if (found === '}' || found === ']') {
      names.pop();
      wantsName = false;
    } else if (found === ',') {
      wantsName = names.at(-1) instanceof Set;
    } else if (found === ':') {
      wantsName = false;
    } else if (wantsName) {
      const problem = nameProblem(found, names.at(-1) ?? null, refusedNames);
      if (problem !== null) return problem;
    }
  }
  return null;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON refuses them in a text
const WITHOUT_ESCAPES = /^"[^"\\\u0000-\u001f]*"$/;

function nameProblem(literal: string, names: Set<string> | null, refused: ReadonlySet<string>): string | null {
  let name: string;
  try {
    name = WITHOUT_ESCAPES.test(literal) ? literal.slice(1, -1) : String(JSON.parse(literal));
  } catch {
    return 'The text is not valid JSON.';
  }
  if (name === NEVER || refused.has(name)) return 'The JSON has a member whose name is refused.';
  if (names?.has(name) === true) return 'The JSON repeats a member.';
  names?.add(name);
  return null;
}
