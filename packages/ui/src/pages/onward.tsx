import type { FastifyRequest } from 'fastify';
import type { VNode } from 'preact';
import { z } from 'zod';
import { queryOf } from '../forms/form-of.ts';
import { ButtonLink, ButtonRow } from './components.tsx';

/** Entries of a list per page; a link leads to more. */
export const ENTRIES_A_PAGE = 50;

/** The position of an entry in its list: the values by which the list is sorted, and an id that makes it unique. */
export type SortKey = readonly (string | number | boolean | null)[];

/** A range of a list's entries, in their order. */
export interface Part<Entry, Key extends SortKey = SortKey> {
  readonly entries: readonly Entry[];
  /** The key of the last entry if others follow it; null at the end of the list. */
  readonly next: Key | null;
}

/** Makes a {@link Part} of rows of which the query fetched one more than `most`. */
export function partOf<Row, Key extends SortKey>(
  rows: readonly Row[],
  { most, keyOf }: { most: number; keyOf: (row: Row) => Key },
): Part<Row, Key> {
  const entries = rows.slice(0, most);
  const last = entries.at(-1);
  return { entries, next: rows.length > most && last !== undefined ? keyOf(last) : null };
}

/** Schemas for the values in a key, all of which the database accepts. */
export const keyPart = {
  /** Milliseconds since 1970. */
  time: z.int().min(0).max(253_402_300_799_999),
  text: z.string().refine((text) => !text.includes('\0') && text.isWellFormed()),
  flag: z.boolean(),
} as const;

/**
 * The key in the query parameter `name`, after which the list continues. Null, which means the beginning of the list,
 * if it is missing or invalid.
 */
export function afterOf<Key extends SortKey>(
  request: FastifyRequest,
  { name, schema }: { name: string; schema: z.ZodType<Key> },
): Key | null {
  const given = queryOf(request).get(name);
  const read = schema.safeParse(given === undefined ? undefined : opened(given));
  return read.success ? read.data : null;
}

function opened(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}

/** URL of the list at `path` from a key on; the path itself for null. */
export function hrefAfter(path: string, { name, after }: { name: string; after: SortKey | null }): string {
  if (after === null) return path;
  return `${path}${path.includes('?') ? '&' : '?'}${name}=${Buffer.from(JSON.stringify(after)).toString('base64url')}`;
}

export interface OnwardProps {
  /** URL of the beginning of the list. */
  readonly path: string;
  /** Name of the query parameter with the key. */
  readonly name: string;
  /** The key after which this part begins. */
  readonly after: SortKey | null;
  readonly next: SortKey | null;
  /** The text of the link to the next part. */
  readonly children: string;
}

/** Links to the next part of a list and back to its beginning; nothing if this part is the whole list. */
export function Onward({ path, name, after, next, children }: OnwardProps): VNode | null {
  if (after === null && next === null) return null;
  return (
    <ButtonRow>
      {after !== null && (
        <ButtonLink href={path} kind="plain">
          Back to the beginning
        </ButtonLink>
      )}
      {next !== null && (
        <ButtonLink href={hrefAfter(path, { name, after: next })} kind="plain">
          {children}
        </ButtonLink>
      )}
    </ButtonRow>
  );
}
