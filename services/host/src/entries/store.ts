import { randomId } from '@chatelaine/crypto';
import type { Clock } from '@chatelaine/protocol';
import type { Deps } from '../deps.ts';
import type { EntryView, NewEntry } from './entry.ts';

type EntryDeps = Pick<Deps, 'prisma' | 'clock'>;

/** The newest ones of an owner; more than anybody reads at once. */
const MOST_LISTED = 500;

export async function listEntries({ prisma }: EntryDeps, owner: string): Promise<readonly EntryView[]> {
  const rows = await prisma.entry.findMany({
    where: { owner },
    orderBy: [{ date: 'desc' }, { createdAt: 'desc' }],
    take: MOST_LISTED,
    select: { id: true, text: true, date: true },
  });
  return rows.map(toView);
}

/** Without a date the entry is about today (UTC). */
export async function addEntry(
  { prisma, clock }: EntryDeps,
  input: { owner: string; entry: NewEntry },
): Promise<EntryView> {
  const { text, date = today(clock) } = input.entry;
  const row = await prisma.entry.create({
    data: { id: randomId('ent'), owner: input.owner, text, date: new Date(`${date}T00:00:00Z`) },
    select: { id: true, text: true, date: true },
  });
  return toView(row);
}

export function today(clock: Clock): string {
  return new Date(clock.now() * 1000).toISOString().slice(0, 10);
}

const toView = (row: { id: string; text: string; date: Date }): EntryView => ({
  id: row.id,
  text: row.text,
  date: row.date.toISOString().slice(0, 10),
});
