import { isIP } from 'node:net';
import type { ZodType } from 'zod';

/** What a variable's text turned out to be: a value, or what is wrong with it, as the end of the sentence "NAME …". */
export type Parsed<T> = { kind: 'value'; value: T } | { kind: 'wrong'; because: string };

/** How one variable is read. */
export interface Field<T> {
  read(text: string): Parsed<T>;
  /** Without it the variable must be set. */
  fallback?: { value: T };
}

const value = <T>(it: T): Parsed<T> => ({ kind: 'value', value: it });
const wrong = (because: string): Parsed<never> => ({ kind: 'wrong', because });

/** Any text. */
export const text: Field<string> = { read: value };

/** A whole number within bounds, in decimal digits. */
export function integer({ min, max }: { min: number; max: number }): Field<number> {
  return {
    read(given) {
      const number = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
      return number >= min && number <= max ? value(number) : wrong(`must be a whole number from ${min} to ${max}`);
    },
  };
}

/** A TCP port; 0 lets the system choose. */
export const port: Field<number> = integer({ min: 0, max: 65_535 });

/** `true` or `false`, nothing else. */
export const flag: Field<boolean> = {
  read: (given) => (given === 'true' || given === 'false' ? value(given === 'true') : wrong('must be true or false')),
};

/** One of the given words. */
export function oneOf<const T extends string>(words: readonly T[]): Field<T> {
  return {
    read(given) {
      const word = words.find((candidate) => candidate === given);
      return word === undefined ? wrong(`must be one of ${words.join(', ')}`) : value(word);
    },
  };
}

/** A secret of exactly so many bytes, written as base64url without padding. */
export function key(bytes: number): Field<Buffer> {
  return {
    read(given) {
      const decoded = Buffer.from(given, 'base64url');
      const exact = decoded.length === bytes && decoded.toString('base64url') === given;
      return exact
        ? value(decoded)
        : wrong(
            `must be ${bytes} bytes in base64url (make one with: openssl rand ${bytes} | basenc --base64url | tr -d =)`,
          );
    },
  };
}

/** Several such secrets, with commas between them. */
export function keys(bytes: number): Field<readonly Buffer[]> {
  const one = key(bytes);
  return {
    read(given) {
      const parsed = given.split(',').map((part) => one.read(part.trim()));
      const values = parsed.flatMap((each) => (each.kind === 'value' ? [each.value] : []));
      return values.length === parsed.length
        ? value(values)
        : wrong(`must be secrets of ${bytes} bytes in base64url, with commas between them`);
    },
  };
}

/** A `postgresql://` URL. */
export const databaseUrl: Field<string> = {
  read: (given) =>
    /^postgres(ql)?:$/.test(URL.parse(given)?.protocol ?? '') ? value(given) : wrong('must be a postgresql:// URL'),
};

/** The URL of something on the operator's own network. */
export const httpUrl: Field<string> = {
  read: (given) =>
    /^https?:$/.test(URL.parse(given)?.protocol ?? '') ? value(given) : wrong('must be an http:// or https:// URL'),
};

/** A number from 0 to 1. */
export const ratio: Field<number> = {
  read: (given) =>
    /^(0|1|0?\.\d{1,6}|1\.0{1,6})$/.test(given) ? value(Number(given)) : wrong('must be a number from 0 to 1'),
};

/** Addresses and CIDRs, with commas between them. */
export const networks: Field<readonly string[]> = {
  read(given) {
    const parts = given.split(',').map((part) => part.trim());
    return parts.every(isNetwork) ? value(parts) : wrong('must be addresses or CIDRs, with commas between them');
  },
};

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...more] = text.split('/');
  const version = isIP(address);
  const bits = version === 4 ? 32 : 128;
  return (
    version !== 0 && more.length === 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits))
  );
}

/** JSON of the given shape. */
export function json<T>(schema: ZodType<T>): Field<T> {
  return {
    read(given) {
      let parsed: unknown;
      try {
        parsed = JSON.parse(given);
      } catch {
        return wrong('must be JSON');
      }
      const result = schema.safeParse(parsed);
      if (result.success) return value(result.data);
      const issue = result.error.issues[0];
      return wrong(
        `is not of the right shape${issue === undefined ? '' : ` (${[...issue.path, issue.message].join(': ')})`}`,
      );
    },
  };
}

/** A field of one's own: the function returns the value, or null when it is wrong; `must` ends the sentence "NAME must …". */
export function parsedBy<T>(parse: (text: string) => T | null, must: string): Field<T> {
  return {
    read(given) {
      const parsed = parse(given);
      return parsed === null ? wrong(`must ${must}`) : value(parsed);
    },
  };
}

/** The same field, with a value for when the variable is not set. */
export function optional<T, const D>(field: Field<T>, fallback: D): Field<T | D> {
  return { read: field.read, fallback: { value: fallback } };
}
