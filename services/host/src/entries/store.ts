import { randomId } from '@chatelaine/crypto';
import { defineQuery, inTransaction, run, runForRow } from '@chatelaine/postgres';
import type { Clock } from '@chatelaine/protocol';
import type { Picture, PictureType } from '@chatelaine/ui';
import type { Deps } from '../deps.ts';
import type { EntryView, NewEntry } from './entry.ts';

type EntryDeps = Pick<Deps, 'pool' | 'clock' | 'config'>;

/** How many entries a list has, the newest. */
const MOST_LISTED = 500;
const SHOWN = { id: true, text: true, date: true, picture: { select: { type: true } } } as const;

export async function listEntries({ prisma }: Pick<Deps, 'prisma'>, owner: string): Promise<readonly EntryView[]> {
  const rows = await prisma.entry.findMany({
    where: { owner },
    orderBy: [{ date: 'desc' }, { createdAt: 'desc' }],
    take: MOST_LISTED,
    select: SHOWN,
  });
  return rows.map(toView);
}

/** Entries of an owner in the order of their ids, to read all of them in parts. */
export async function entriesAfter(
  { prisma }: Pick<Deps, 'prisma'>,
  { owner, after }: { owner: string; after: string },
): Promise<readonly EntryView[]> {
  const rows = await prisma.entry.findMany({
    where: { owner, id: { gt: after } },
    orderBy: { id: 'asc' },
    take: MOST_LISTED,
    select: SHOWN,
  });
  return rows.map(toView);
}

// one at a time for each owner: transactions that count side by side would each find room
const LOCK = defineQuery({
  name: 'entry.lock_owner',
  text: 'select pg_advisory_xact_lock(hashtextextended($1, 0))',
});
const COUNT = defineQuery<{ kept: number }>({
  name: 'entry.count',
  text: 'select count(*)::int as kept from entry where owner = $1',
});
const INSERT = defineQuery({
  name: 'entry.insert',
  text: 'insert into entry (id, owner, text, date) values ($1, $2, $3, $4)',
});
const INSERT_PICTURE = defineQuery({
  name: 'entry.insert_picture',
  text: 'insert into entry_picture (entry_id, type, bytes) values ($1, $2, $3)',
});

/**
 * Adds an entry with its picture, or neither. Without a date, the entry is for today (UTC). Null: the account has as
 * many entries as it may.
 */
export async function addEntry(
  { pool, clock, config }: EntryDeps,
  input: { owner: string; entry: NewEntry; picture?: Picture | null },
): Promise<EntryView | null> {
  const { owner, picture = null } = input;
  const { text, date = today(clock) } = input.entry;
  const id = randomId('ent');
  return inTransaction(pool, async (tx) => {
    await run(tx, LOCK, [owner]);
    if ((await runForRow(tx, COUNT, [owner])).kept >= config.entriesPerAccount) return null;
    await run(tx, INSERT, [id, owner, text, date]);
    if (picture !== null) await run(tx, INSERT_PICTURE, [id, picture.type, picture.bytes]);
    return { id, text, date, ...(picture && { picture: { type: picture.type } }) };
  });
}

/** The picture of one of the owner's entries; null if there is none, or it is another owner's. */
export async function findPicture(
  { prisma }: Pick<Deps, 'prisma'>,
  { owner, entry }: { owner: string; entry: string },
): Promise<Picture | null> {
  const row = await prisma.entryPicture.findFirst({
    where: { entryId: entry, entry: { owner } },
    select: { type: true, bytes: true },
  });
  return row && { type: row.type as PictureType, bytes: row.bytes }; // entry_picture_type_check
}

/** Removes all of an owner's entries, with their pictures. */
export async function removeEntries({ prisma }: Pick<Deps, 'prisma'>, owner: string): Promise<void> {
  await prisma.entry.deleteMany({ where: { owner } });
}

/** False if there is no such entry, or it is another owner's. */
export async function removeEntry(
  { prisma }: Pick<Deps, 'prisma'>,
  { owner, entry }: { owner: string; entry: string },
): Promise<boolean> {
  const { count } = await prisma.entry.deleteMany({ where: { id: entry, owner } });
  return count > 0;
}

export function today(clock: Clock): string {
  return new Date(clock.now() * 1000).toISOString().slice(0, 10);
}

interface Row {
  id: string;
  text: string;
  date: Date;
  picture: { type: string } | null;
}

const toView = ({ id, text, date, picture }: Row): EntryView => ({
  id,
  text,
  date: date.toISOString().slice(0, 10),
  ...(picture && { picture: { type: picture.type as PictureType } }),
});
