export type StrictJson =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'malformed'; readonly reason: string };

const MAX_DEPTH = 32;
// names that reach an object's prototype when copied carelessly
const REFUSED_NAMES = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Reads a stranger's JSON document: valid UTF-8 without a byte order mark, at most 32 levels, no repeated member (RFC 8259 §4 leaves open which
 * one counts), none named like a way to a prototype. `reason` never quotes the document.
 */
export function readStrictJson(bytes: Uint8Array): StrictJson {
  let text: string;
  try {
    // ignoreBOM leaves a byte order mark in the text, where the parser refuses it
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return malformed('It is not valid UTF-8.');
  }
  const problem = problemOf(text);
  if (problem !== null) return malformed(problem);
  try {
    return { kind: 'json', value: JSON.parse(text) as unknown };
  } catch {
    return malformed('It is not valid JSON.');
  }
}

/** Walks the tokens once, without recursion, so that the parser never sees a document that could hurt it. */
function problemOf(text: string): string | null {
  const open: (Set<string> | null)[] = [];
  let wantsName = false;
  // a text without its closing quote is one token too: looking for its end from each quote inside would take quadratic time
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"?|[{}[\],:]/gs)) {
    if (token === '{' || token === '[') {
      open.push(token === '{' ? new Set() : null);
      if (open.length > MAX_DEPTH) return 'It is nested too deeply.';
      wantsName = token === '{';
    } else if (token === '}' || token === ']') {
      open.pop();
      wantsName = false;
    } else if (token === ',') {
      wantsName = open.at(-1) instanceof Set;
    } else if (token === ':') {
      wantsName = false;
    } else if (wantsName) {
      const problem = problemOfName(open.at(-1) ?? null, token);
      if (problem !== null) return problem;
    }
  }
  return null;
}

function problemOfName(names: Set<string> | null, literal: string): string | null {
  let name: string;
  try {
    // escapes resolved: "\u0061" and "a" are the same member
    name = String(JSON.parse(literal));
  } catch {
    return 'It is not valid JSON.';
  }
  if (REFUSED_NAMES.has(name)) return 'It has a member with a refused name.';
  if (names?.has(name) === true) return 'It repeats a member.';
  names?.add(name);
  return null;
}

function malformed(reason: string): StrictJson {
  return { kind: 'malformed', reason };
}
