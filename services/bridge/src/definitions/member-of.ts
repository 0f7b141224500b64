/** The value at `a.b` in a JSON value; undefined if there is none. */
export function memberOf(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (at, name) =>
        typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? (at as never)[name] : undefined,
      value,
    );
}
