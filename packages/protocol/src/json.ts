import { LIMIT } from './lifetimes.ts';

export type JsonResult =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'malformed'; readonly reason: string };

/**
 * Reads JSON strictly: valid UTF-8 without byte order mark, no repeated member, no `__proto__` member, at most
 * {@link LIMIT.jsonDepth} levels. RFC 8259 leaves repeated members to the receiver; two readers that differ are an attack. Never throws.
 */
export function parseJson(input: Uint8Array | string): JsonResult {
  let text: string;
  try {
    text = typeof input === 'string' ? input : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(input);
  } catch {
    return { kind: 'malformed', reason: 'The text is not valid UTF-8.' };
  }
  const problem = scan(text);
  if (problem !== null) return { kind: 'malformed', reason: problem };
  try {
    return { kind: 'json', value: JSON.parse(text) as unknown };
  } catch {
    return { kind: 'malformed', reason: 'The text is not valid JSON.' };
  }
}

/** Walks the tokens once, without recursion, before the real parser sees them. */
function scan(text: string): string | null {
  const names: (Set<string> | null)[] = [];
  let wantsName = false;
  // a text without its closing quote is one token too: looking for its end from each quote inside would take quadratic time
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
      const problem = addName(names.at(-1) ?? null, found);
      if (problem !== null) return problem;
    }
  }
  return null;
}

function addName(names: Set<string> | null, literal: string): string | null {
  let name: string;
  try {
    name = String(JSON.parse(literal));
  } catch {
    return 'The text is not valid JSON.';
  }
  if (name === '__proto__') return 'The JSON has a member named __proto__.';
  if (names?.has(name) === true) return 'The JSON repeats a member.';
  names?.add(name);
  return null;
}
