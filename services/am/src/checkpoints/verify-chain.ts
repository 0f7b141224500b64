import { sameMac } from '@chatelaine/crypto';
import type { CheckpointKeys, Deps } from '../deps.ts';
import {
  BEGINNING,
  countAfter,
  type Position,
  readAmong,
  readBetween,
  readChain,
  type StoredCheckpoint,
} from './chain-store.ts';
import { checkpointCode, digestOf, ROW_CODE_OCTETS, rowCode, type Stream } from './codes.ts';
import { readKeptSince } from './since-store.ts';

export type VerifyDeps = Pick<Deps, 'pool' | 'checkpointKeys'>;

/** The result of verifying a chain. */
export interface Verified {
  readonly checkpoints: number;
  /** How many rows are unchanged. */
  readonly good: number;
  /** The last checkpoint; null if there is none. */
  readonly last: StoredCheckpoint | null;
  /** How many rows are not in any checkpoint yet. */
  readonly open: number;
  /** A sentence for each thing that was changed, naming it. */
  readonly faults: readonly string[];
}

/** A checkpoint that an owner has exported. */
export interface Known {
  readonly stream: Stream;
  readonly number: number;
  /** In base64url. */
  readonly mac: string;
}

/** What may be missing: rows from before `since`, with a margin for the difference of two clocks. */
interface Allowed {
  readonly since: Date;
}
const CLOCKS_DIFFER_MS = 60_000;

/**
 * Verifies an owner's chain, and compares every row that it covers. Also checks that the `known` checkpoints, which the
 * owner exported, are still in it: if the end of a chain was cut off, the chain itself does not show it.
 */
export async function verifyChain(
  deps: VerifyDeps,
  of: { ownerId: string; stream: Stream; known: readonly Known[] },
): Promise<Verified> {
  const { since, forged } = await readKeptSince(deps, of);
  const faults = forged ? ['The note since when activity is kept was changed: it counts for nothing.'] : [];
  const known = new Map(of.known.map((one) => [one.number, one.mac]));
  let [before, checkpoints, good]: [StoredCheckpoint | null, number, number] = [null, 0, 0];
  for await (const one of readChain(deps, of)) {
    faults.push(...linkFaults(deps.checkpointKeys, { one, before, allowed: { since } }));
    const mac = known.get(one.number);
    if (mac !== undefined && mac !== Buffer.from(one.mac).toString('base64url'))
      faults.push(`Checkpoint ${one.number} is not the one that was exported: the history was written anew.`);
    const rows = await verifyRows(deps, { one, before, allowed: { since } });
    faults.push(...rows.faults);
    [before, checkpoints, good] = [one, checkpoints + 1, good + rows.good];
  }
  const end = before?.number ?? 0;
  const beyond = of.known.filter(({ number }) => number > end).map(({ number }) => number);
  if (beyond.length > 0)
    faults.push(`Checkpoint ${Math.max(...beyond)} was exported, and the chain ends with ${end}: its end was cut off.`);
  return { checkpoints, good, last: before, open: await countAfter(deps, of, before ?? BEGINNING), faults };
}

interface Link {
  readonly one: StoredCheckpoint;
  readonly before: StoredCheckpoint | null;
  readonly allowed: Allowed;
}

/** Whether a checkpoint is unchanged, and follows the one before. */
function linkFaults(keys: CheckpointKeys, { one, before, allowed }: Link): string[] {
  const { number } = one;
  const faults: string[] = [];
  const isPast = one.lastAt < allowed.since;
  if (!sameMac(checkpointCode(keys, one), one.mac))
    faults.push(`Checkpoint ${number} was changed, or made with another key.`);
  const first = (before?.number ?? 0) + 1;
  if (number > first && !isPast) faults.push(`Checkpoint ${spanOf(first, number - 1)} missing.`);
  if (number === first && before !== null && !sameMac(one.previous ?? new Uint8Array(), before.mac))
    faults.push(`Checkpoint ${number} does not follow the one before it.`);
  if (one.rows === null) {
    if (!isPast) faults.push(`Checkpoint ${number} no longer says what it is of, before the time of that is over.`);
  } else if (
    one.rows.ids.length !== one.count ||
    one.rows.macs.length !== one.count * ROW_CODE_OCTETS ||
    !sameMac(digestOf(one.rows.ids, one.rows.macs), one.digest)
  ) {
    faults.push(`What checkpoint ${number} is of was changed in it: it is of ${one.count} up to ${one.lastId}.`);
  }
  return faults;
}

const spanOf = (from: number, to: number): string => (from === to ? `${from} is` : `${from} to ${to} are`);

/** Whether the rows that a checkpoint covers exist, are unchanged, and have no others between them. */
async function verifyRows(
  deps: VerifyDeps,
  { one, before, allowed }: Link,
): Promise<{ good: number; faults: string[] }> {
  if (one.rows === null) return { good: 0, faults: [] };
  const { ids, macs } = one.rows;
  const { stream, ownerId } = one;
  const follows = one.number === (before?.number ?? 0) + 1;
  const after: Position = before ?? BEGINNING;
  // if the checkpoint before is missing, nothing says which other rows belong between the two
  const between = follows
    ? await readBetween(deps, { ownerId, stream, after, upTo: one, most: ids.length * 2 + 1 })
    : [];
  const found = new Map(between.map((row) => [String(row.id), row]));
  const elsewhere = ids.filter((id) => !found.has(id));
  if (elsewhere.length > 0)
    for (const row of await readAmong(deps, { stream, ids: elsewhere })) found.set(String(row.id), row);
  const faults: string[] = [];
  let good = 0;
  for (const [index, id] of ids.entries()) {
    const row = found.get(id);
    const place = one.total - BigInt(one.count) + BigInt(index + 1);
    const mac = macs.subarray(index * ROW_CODE_OCTETS, (index + 1) * ROW_CODE_OCTETS);
    if (row === undefined) {
      if (!mayBeGone(id, one, allowed)) faults.push(`${NAMES[stream]} ${id} is gone.`);
    } else if (sameMac(rowCode(deps.checkpointKeys, { stream, place }, row), mac)) good += 1;
    else faults.push(`${NAMES[stream]} ${id} is not as it was.`);
  }
  const known = new Set(ids);
  for (const { id } of between)
    if (!known.has(String(id))) faults.push(`${NAMES[stream]} ${String(id)} came in afterwards.`);
  return { good, faults };
}

const NAMES: Readonly<Record<Stream, string>> = { entry: 'Entry', asked: 'Transfer' };

function mayBeGone(id: string, one: StoredCheckpoint, { since }: Allowed): boolean {
  return timeOf(id, one) < since.getTime() + CLOCKS_DIFFER_MS;
}

/** When an id was made, in epoch milliseconds; for an id that does not say, the time of the checkpoint's last row. */
function timeOf(id: string, { stream, lastAt }: StoredCheckpoint): number {
  if (stream === 'entry') return Number(BigInt(id) >> 20n);
  const [, hex] = /^tr_([0-9a-f]{12})7/.exec(id) ?? [];
  return hex === undefined ? lastAt.getTime() : Number.parseInt(hex, 16);
}
