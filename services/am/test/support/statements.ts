import { currentRequestId } from '@chatelaine/telemetry';
import pg from 'pg';

/** Whether what runs now belongs to a request; what a process does by itself, at any moment, does not. */
export const isOfRequest = (): boolean => currentRequestId() !== null;

type Query = (this: pg.Client, ...args: unknown[]) => unknown;

/**
 * Counts the statements that the AM's own connections send to Postgres during something, by name; `isMeant` returns
 * false while statements are not to be counted.
 */
export async function countStatements(
  during: () => Promise<unknown>,
  isMeant: () => boolean = () => true,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  const { prototype } = pg.Client as unknown as { prototype: { query: Query } };
  const { query } = prototype;
  prototype.query = function (...args) {
    const { application_name: name } = (this as unknown as { connectionParameters: { application_name?: string } })
      .connectionParameters;
    const key = keyOf(args[0]);
    if (name?.startsWith('am') === true && isMeant()) counts.set(key, (counts.get(key) ?? 0) + 1);
    return query.apply(this, args);
  };
  try {
    await during();
  } finally {
    prototype.query = query;
  }
  return counts;
}

function keyOf(given: unknown): string {
  if (typeof given === 'string') return given;
  const { name, text } = given as { name?: string; text?: string };
  return name ?? text ?? 'unknown';
}
