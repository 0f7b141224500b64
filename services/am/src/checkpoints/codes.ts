import { canonicalJson, hmacSha256, type Json, sha256 } from '@chatelaine/crypto';
import type { CheckpointKeys } from '../deps.ts';

/** Each owner's activity is in two chains: what happened (`timeline_entry`), and requests for tokens (`transfer`). */
export type Stream = 'entry' | 'asked';
export const STREAMS: readonly Stream[] = ['entry', 'asked'];

/** A row of activity with all its columns, as the database returns it. */
export type Row = Readonly<Record<string, unknown>>;

/** How many octets of each row's code are kept: RFC 2104 §5 allows half. */
export const ROW_CODE_OCTETS = 16;

/**
 * The code of a row, which is the `place`th of its owner's stream. Empty columns are left out, so that a column which
 * is added to the table later does not change the codes of older rows.
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

/** A value as JSON: times as ISO 8601 in UTC, octets in base64url, everything else as it is. */
function asJson(value: unknown): Json {
  if (value instanceof Date) return value.toISOString();
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64url') : (value as Json);
}

/** What a checkpoint states. */
export interface Checkpoint {
  readonly ownerId: string;
  readonly stream: Stream;
  readonly number: number;
  readonly count: number;
  readonly total: bigint;
  readonly lastAt: Date;
  readonly lastId: string;
  readonly digest: Uint8Array;
  /** The code of the checkpoint before; null for the first. */
  readonly previous: Uint8Array | null;
  readonly madeAt: Date;
}

/** The code of a checkpoint, computed over all it states, the previous code included. */
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

/** What a checkpoint covers, in 32 octets: the ids of its rows in order, and their codes one after the other. */
export const digestOf = (ids: readonly string[], codes: Uint8Array): Buffer =>
  sha256(canonicalJson([ids, Buffer.from(codes).toString('base64url')]));

/** The time from which an owner's activity is kept; '' stands for every owner. */
export interface Since {
  readonly ownerId: string;
  readonly stream: Stream;
  readonly since: Date;
}

export const sinceCode = (keys: CheckpointKeys, { ownerId, stream, since }: Since): Buffer =>
  hmacSha256(keys.since, canonicalJson({ owner: ownerId, stream, since: since.toISOString() }));
