import { LIMIT } from './lifetimes.ts';

/** A strictly parsed form: every name at most once. */
export type FormParams = ReadonlyMap<string, string>;

export type FormResult =
  | { readonly kind: 'form'; readonly params: FormParams }
  | {
      readonly kind: 'malformed';
      /** A sentence for the developer of the client. */
      readonly reason: string;
      /** The repeated names, when they are all that is wrong; otherwise null. */
      readonly repeated: readonly string[] | null;
      /**
       * With `repeated`, the first value of each name; otherwise empty. Good only for telling the sender about the
       * mistake.
       */
      readonly params: FormParams;
    };

/**
 * Reads `application/x-www-form-urlencoded` (body or query). Refuses repeated names (RFC 6749 §3.1, §3.2), invalid
 * percent escapes, invalid UTF-8, NUL and other control characters except tab, CR and LF, more than {@link
 * LIMIT.formPairs} pairs, and a name or value of more than {@link LIMIT.fieldChars} characters. Anything beyond ASCII
 * must be percent-encoded, as every serializer does (https://url.spec.whatwg.org/#urlencoded-serializing), so text
 * decoded from broken UTF-8 on the way is refused as well. Never throws.
 */
export function parseForm(input: Uint8Array | string): FormResult {
  const text = typeof input === 'string' ? input : decodeLatin1(input);
  if (text.length > LIMIT.formBytes) return malformed('There are too many characters.');
  if (BEYOND_ASCII.test(text)) return malformed('Characters beyond ASCII must be percent-encoded UTF-8.');
  const pairs = text === '' ? [] : text.split('&', LIMIT.formPairs + 1);
  if (pairs.length > LIMIT.formPairs) return malformed('There are too many parameters.');
  const params = new Map<string, string>();
  const repeated: string[] = [];
  for (const pair of pairs) {
    const cut = pair.indexOf('=');
    const name = decodeComponent(cut < 0 ? pair : pair.slice(0, cut));
    const value = decodeComponent(cut < 0 ? '' : pair.slice(cut + 1));
    if (name === null || value === null) return malformed('A parameter is not valid form encoding.');
    if (name.length > LIMIT.fieldChars || value.length > LIMIT.fieldChars) return malformed('A parameter is too long.');
    if (params.has(name)) repeated.push(name);
    else if (name !== '') params.set(name, value);
  }
  const [first] = repeated;
  if (first === undefined) return { kind: 'form', params };
  return { kind: 'malformed', reason: `The parameter ${printable(first)} is given more than once.`, repeated, params };
}

/** Serializes parameters as a form, leaving out those without a value. */
export function formatForm(params: Readonly<Record<string, string | undefined>>): string {
  const pairs: string[] = [];
  for (const [name, value] of Object.entries(params))
    if (value !== undefined) pairs.push(`${encodeComponent(name)}=${encodeComponent(value)}`);
  return pairs.join('&');
}

const malformed = (reason: string): FormResult => ({ kind: 'malformed', reason, repeated: null, params: new Map() });

/** One character for each byte, so that anything beyond ASCII stays recognizable as such. */
function decodeLatin1(bytes: Uint8Array): string {
  // what is over the limit is refused for its length, whatever it contains
  const shown = bytes.subarray(0, LIMIT.formBytes + 1);
  return Buffer.from(shown.buffer, shown.byteOffset, shown.byteLength).toString('latin1');
}

const BEYOND_ASCII = /[\u0080-\uffff]/;

// NUL never reaches Postgres, and no control character reaches a log or a page; lone surrogates cannot be encoded.
// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the point
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** What stands for itself. Most of what is sent to us are JWTs, tokens and identifiers, with nothing to decode. */
const PLAIN = /^[A-Za-z0-9._~*-]*$/;

/** V8 copies shorter parts of a text by itself. */
const SHORTEST_SLICE = 13;

function decodeComponent(raw: string): string | null {
  // copied: a slice would keep the whole body in memory, with every secret in it, as long as one of its values is kept
  if (PLAIN.test(raw)) return raw.length < SHORTEST_SLICE ? raw : Buffer.from(raw, 'latin1').toString('latin1');
  let value: string;
  try {
    value = decodeURIComponent(raw.replaceAll('+', ' '));
  } catch {
    return null;
  }
  return CONTROL.test(value) || !value.isWellFormed() ? null : value;
}

/**
 * What a serializer writes as it is. https://url.spec.whatwg.org/#application-x-www-form-urlencoded-percent-encode-set
 */
const WRITTEN_AS_IT_IS = /^[A-Za-z0-9._*-]*$/;

/** As `URLSearchParams` does it, which takes several times as long: most of what we send are JWTs and tokens. */
function encodeComponent(text: string): string {
  if (WRITTEN_AS_IT_IS.test(text)) return text;
  return encodeURIComponent(text.toWellFormed()).replace(/%20|[!'()~]/g, (found) =>
    found === '%20' ? '+' : `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function printable(name: string): string {
  return /^[A-Za-z0-9_.-]{1,40}$/.test(name) ? name : '(unprintable)';
}
