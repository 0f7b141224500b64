import { isIP } from 'node:net';
import { type OutboundException, parseExceptions } from '@chatelaine/outbound-http';
import type { ZodType } from 'zod';

/**
 * The result of reading a variable: a value, or what is wrong with it, as the end of a sentence that begins with its
 * name.
 */
export type Parsed<T> = { kind: 'value'; value: T } | { kind: 'wrong'; because: string };

/** How a variable is read. */
export interface Field<T> {
  read(text: string): Parsed<T>;
  /** Used if the variable is not set; without it the variable is required. */
  fallback?: { value: T };
}

const value = <T>(it: T): Parsed<T> => ({ kind: 'value', value: it });
const wrong = (because: string): Parsed<never> => ({ kind: 'wrong', because });

/**
 * A field read by a function, which returns the value, or null if the text is wrong. `must` is the end of the sentence
 * "NAME must …".
 */
export function parsedBy<T>(parse: (text: string) => T | null, must: string): Field<T> {
  return {
    read(given) {
      const parsed = parse(given);
      return parsed === null ? wrong(`must ${must}`) : value(parsed);
    },
  };
}

/** The same field with a value for when the variable is not set. */
export function optional<T, const D>(field: Field<T>, fallback: D): Field<T | D> {
  return { read: field.read, fallback: { value: fallback } };
}

export const text: Field<string> = { read: value };

/** A whole number within bounds, in decimal digits. */
export function integer({ min, max }: { min: number; max: number }): Field<number> {
  return parsedBy(
    (given) => (/^\d{1,15}$/.test(given) && Number(given) >= min && Number(given) <= max ? Number(given) : null),
    `be a whole number from ${min} to ${max}`,
  );
}

/** A TCP port; 0 lets the system choose. */
export const port: Field<number> = integer({ min: 0, max: 65_535 });

/** `true` or `false`, nothing else. */
export const flag: Field<boolean> = parsedBy(
  (given) => (given === 'true' || given === 'false' ? given === 'true' : null),
  'be true or false',
);

/** One of the given words. */
export function oneOf<const T extends string>(words: readonly T[]): Field<T> {
  return parsedBy((given) => words.find((word) => word === given) ?? null, `be one of ${words.join(', ')}`);
}

function keyOf(given: string, bytes: number): Buffer | null {
  const decoded = Buffer.from(given, 'base64url');
  return decoded.length === bytes && decoded.toString('base64url') === given ? decoded : null;
}

/** A secret of exactly this many bytes, in base64url without padding. */
export function key(bytes: number): Field<Buffer> {
  return parsedBy(
    (given) => keyOf(given, bytes),
    `be ${bytes} bytes in base64url (make one with: openssl rand ${bytes} | basenc --base64url | tr -d =)`,
  );
}

/** Several such secrets, separated by commas. */
export function keys(bytes: number): Field<readonly Buffer[]> {
  return parsedBy(
    (given) => everyOne(given, (part) => keyOf(part, bytes)),
    `be secrets of ${bytes} bytes in base64url, with commas between them`,
  );
}

/** All parts of a text that is separated by commas; null if one of them is wrong. */
function everyOne<T>(given: string, parse: (part: string) => T | null): readonly T[] | null {
  const parsed = given.split(',').map((part) => parse(part.trim()));
  const good = parsed.filter((part) => part !== null);
  return good.length === parsed.length ? good : null;
}

const withScheme = (given: string, schemes: RegExp): string | null =>
  schemes.test(URL.parse(given)?.protocol ?? '') ? given : null;

/** A `postgresql://` URL. */
export const databaseUrl: Field<string> = parsedBy(
  (given) => withScheme(given, /^postgres(ql)?:$/),
  'be a postgresql:// URL',
);

/** The URL of a server on the operator's own network, which may be http. */
export const httpUrl: Field<string> = parsedBy(
  (given) => withScheme(given, /^https?:$/),
  'be an http:// or https:// URL',
);

/** The URL of the mail server, with user and password if it needs them. */
export const smtpUrl: Field<string> = parsedBy(
  (given) => (/^smtps?:\/\/[^/?#]+\/?$/.test(given) ? withScheme(given, /^smtps?:$/) : null),
  'be an smtp:// or smtps:// URL with a host and no path',
);

/** The sender of mail: an address, or a name followed by an address in angle brackets. */
export const mailFrom: Field<string> = parsedBy(
  (given) => (/^([^<>"@\p{Cc}]+ <[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)$/u.test(given) ? given : null),
  'be an address, or a name and <address>',
);

/** A number from 0 to 1. */
export const ratio: Field<number> = parsedBy(
  (given) => (/^(0|1|0?\.\d{1,6}|1\.0{1,6})$/.test(given) ? Number(given) : null),
  'be a number from 0 to 1',
);

/** IP addresses and CIDRs, separated by commas. */
export const networks: Field<readonly string[]> = parsedBy(
  (given) => everyOne(given, (part) => (isNetwork(part) ? part : null)),
  'be addresses or CIDRs, with commas between them',
);

function isNetwork(given: string): boolean {
  const [address = '', prefix, ...more] = given.split('/');
  const version = isIP(address);
  const bits = version === 4 ? 32 : 128;
  return (
    version !== 0 && more.length === 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits))
  );
}

/** Destinations that the SSRF policy of `outbound-http` allows although they are not public. */
export const exceptions: Field<readonly OutboundException[]> = parsedBy((given) => {
  const list = jsonOf(given);
  const read = list === undefined ? null : parseExceptions(list);
  return read?.kind === 'valid' ? read.exceptions : null;
}, 'be a JSON list of {"host", "port", "scheme", "cidr"}');

/** JSON of a given shape. */
export function json<T>(schema: ZodType<T>): Field<T> {
  return {
    read(given) {
      const parsed = jsonOf(given);
      if (parsed === undefined) return wrong('must be JSON');
      const result = schema.safeParse(parsed);
      if (result.success) return value(result.data);
      const issue = result.error.issues[0];
      return wrong(
        `is not of the right shape${issue === undefined ? '' : ` (${[...issue.path, issue.message].join(': ')})`}`,
      );
    },
  };
}

/** Undefined if the text is not JSON. */
function jsonOf(given: string): unknown {
  try {
    return JSON.parse(given) as unknown;
  } catch {
    return undefined;
  }
}
