/** What stands at `a.b` of a JSON value; undefined where nothing does. */
export function memberOf(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (at, name) =>
        typeof at === 'object' && at !== null && Object.hasOwn(at, name) ? (at as never)[name] : undefined,
      value,
    );
}
