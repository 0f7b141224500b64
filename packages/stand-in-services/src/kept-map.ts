import fs from 'node:fs';

/**
 * A map that is written to `<file>.<name>` whenever it changes, and is read from there at start; without a file, an
 * ordinary map.
 */
export function keptMap<Value>(file: string | undefined, name: string): Map<string, Value> {
  if (file === undefined) return new Map();
  const where = `${file}.${name}`;
  const kept = fs.existsSync(where) ? (JSON.parse(fs.readFileSync(where, 'utf8'), revived) as [string, Value][]) : [];
  const map = new Map(kept);
  const write = (): void => fs.writeFileSync(where, JSON.stringify([...map]), { mode: 0o600 });
  return Object.assign(map, {
    set(key: string, value: Value) {
      Map.prototype.set.call(map, key, value);
      write();
      return map;
    },
    delete(key: string) {
      const had = Map.prototype.delete.call(map, key);
      write();
      return had;
    },
  });
}

/** Turns times of expiry into dates again. */
const revived = (key: string, value: unknown): unknown =>
  key.endsWith('ExpiresAt') && typeof value === 'string' ? new Date(value) : value;
