import type { FastifyRequest } from 'fastify';
import type { VNode } from 'preact';
import { z } from 'zod';
import { queryOf } from '../forms/form-of.ts';
import { ButtonLink, ButtonRow } from './components.tsx';

/** So many entries of a list are on one page; to more there is a way on. */
export const ENTRIES_A_PAGE = 50;

/** Where an entry stands in its list: by what the list is sorted, and an id that no other entry has. */
export type SortKey = readonly (string | number | boolean | null)[];

/** Some of a list's entries, in their order. */
export interface Part<Entry, Key extends SortKey = SortKey> {
  readonly entries: readonly Entry[];
  /** The key of the last of them where others come after it; null at the end of the list. */
  readonly next: Key | null;
}

/** Makes a part of rows of which one more than `most` was asked for. */
export function partOf<Row, Key extends SortKey>(
  rows: readonly Row[],
  { most, keyOf }: { most: number; keyOf: (row: Row) => Key },
): Part<Row, Key> {
  const entries = rows.slice(0, most);
  const last = entries.at(-1);
  return { entries, next: rows.length > most && last !== undefined ? keyOf(last) : null };
}

/** What a key may be made of: the database takes all of it. */
export const keyPart = {
  /** Milliseconds since 1970. */
  time: z.int().min(0).max(253_402_300_799_999),
  text: z.string().refine((text) => !text.includes('\0') && text.isWellFormed()),
  flag: z.boolean(),
} as const;

/**
 * The key in `?name=`, after which the list goes on. Null, which is its beginning, where there is none, or none that
 * fits.
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

/** Where the list at `path` goes on after a key; the path itself for null. */
export function hrefAfter(path: string, { name, after }: { name: string; after: SortKey | null }): string {
  if (after === null) return path;
  return `${path}${path.includes('?') ? '&' : '?'}${name}=${Buffer.from(JSON.stringify(after)).toString('base64url')}`;
}

export interface OnwardProps {
  /** Of the list's beginning. */
  readonly path: string;
  /** Of the parameter that carries a key. */
  readonly name: string;
  /** After which this part begins. */
  readonly after: SortKey | null;
  readonly next: SortKey | null;
  /** What comes next. */
  readonly children: string;
}

/** The ways from a part of a list to the next one and back to the beginning; nothing where the list is no longer. */
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
