import { canonicalJson, hmacSha256, type Json, sha256 } from '@chatelaine/crypto';
import type { CheckpointKeys } from '../deps.ts';

/** What activity is in two chains of: what happened (`timeline_entry`), and keys that were asked for (`transfer`). */
export type Stream = 'entry' | 'asked';
export const STREAMS: readonly Stream[] = ['entry', 'asked'];

/** A row of activity as the database has it: every column. */
export type Row = Readonly<Record<string, unknown>>;

/** So many octets of each row's code are kept: RFC 2104 §5 allows half of them. */
export const ROW_CODE_OCTETS = 16;

/**
 * The code of a row, the `place`th of its owner's stream. Of its columns those with nothing in them are left out, so
 * that one that is added to the table later changes nothing of what was before.
 */
export function rowCode(keys: CheckpointKeys, at: { stream: Stream; place: bigint }, row: Row): Buffer {
  const columns = Object.entries(row).filter(
    ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
  );
  const said = {
    stream: at.stream,
    place: String(at.place),
    row: Object.fromEntries(columns.map(([name, value]) => [name, asJson(value)])),
  };
  return hmacSha256(keys.row, canonicalJson(said)).subarray(0, ROW_CODE_OCTETS);
}

/** Times as ISO 8601 in UTC, octets in base64url; what JSON is already, as it is. */
function asJson(value: unknown): Json {
  if (value instanceof Date) return value.toISOString();
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64url') : (value as Json);
}

/** What a checkpoint says. */
export interface Checkpoint {
  readonly ownerId: string;
  readonly stream: Stream;
  readonly number: number;
  readonly count: number;
  readonly total: bigint;
  readonly lastAt: Date;
  readonly lastId: string;
  readonly digest: Uint8Array;
  /** Null: it is the first. */
  readonly previous: Uint8Array | null;
  readonly madeAt: Date;
}

/** The code of a checkpoint, over all that it says; the one before is among that. */
export function checkpointCode(keys: CheckpointKeys, of: Checkpoint): Buffer {
  const said = {
    owner: of.ownerId,
    stream: of.stream,
    number: of.number,
    count: of.count,
    total: String(of.total),
    last_at: of.lastAt.toISOString(),
    last_id: of.lastId,
    digest: Buffer.from(of.digest).toString('base64url'),
    previous: of.previous === null ? null : Buffer.from(of.previous).toString('base64url'),
    made_at: of.madeAt.toISOString(),
  };
  return hmacSha256(keys.checkpoint, canonicalJson(said));
}

/** What a checkpoint is of, in 32 octets: the ids of its rows, in order, and their codes one after the other. */
export const digestOf = (ids: readonly string[], codes: Uint8Array): Buffer =>
  sha256(canonicalJson([ids, Buffer.from(codes).toString('base64url')]));

/** Since when what an owner has is kept; '' is everybody. */
export interface Since {
  readonly ownerId: string;
  readonly stream: Stream;
  readonly since: Date;
}

export const sinceCode = (keys: CheckpointKeys, { ownerId, stream, since }: Since): Buffer =>
  hmacSha256(keys.since, canonicalJson({ owner: ownerId, stream, since: since.toISOString() }));
