import { randomId } from '@chatelaine/crypto';
import type { Clock } from '@chatelaine/protocol';
import type { Picture, PictureType } from '@chatelaine/service-kit';
import type { Deps } from '../deps.ts';
import type { EntryView, NewEntry } from './entry.ts';

type EntryDeps = Pick<Deps, 'prisma' | 'clock' | 'config'>;

/** The newest ones of an owner; more than anybody reads at once. */
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

/** Entry and picture, or neither. Without a date the entry is about today (UTC). Null: they keep as many already as one account may. */
export async function addEntry(
  { prisma, clock, config }: EntryDeps,
  input: { owner: string; entry: NewEntry; picture?: Picture | null },
): Promise<EntryView | null> {
  const { owner, picture = null } = input;
  const { text, date = today(clock) } = input.entry;
  return prisma.$transaction(async (tx) => {
    // one at a time per owner: of many counting side by side each would find room
    await tx.$executeRaw`select pg_advisory_xact_lock(hashtextextended(${owner}, 0))`;
    if ((await tx.entry.count({ where: { owner } })) >= config.entriesPerAccount) return null;
    const row = await tx.entry.create({
      data: {
        id: randomId('ent'),
        owner,
        text,
        date: new Date(`${date}T00:00:00Z`),
        ...(picture && { picture: { create: { type: picture.type, bytes: Uint8Array.from(picture.bytes) } } }),
      },
      select: SHOWN,
    });
    return toView(row);
  });
}

/** The picture of one of the owner's entries; null when there is none, or it is somebody else's. */
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

/** False when there was none, or it is somebody else's. */
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
