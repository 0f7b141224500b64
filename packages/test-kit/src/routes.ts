/** A route of a server: `POST` of `/hosts/:linkId/stop`. */
export interface Route {
  readonly method: string;
  readonly path: string;
}

/** What Fastify prints of its routes with `commonPrefix: false`, as a list: each line continues the path above it. */
export function routesIn(printed: string): Route[] {
  const above: string[] = [];
  return printed.split('\n').flatMap((line) => {
    const [, indent = '', part = '', methods = ''] = /^([│ ]*[├└]── )(\S+) \(([A-Z, ]+)\)$/.exec(line) ?? [];
    if (part === '') return [];
    const depth = indent.length / 4 - 1;
    above.splice(depth, Infinity, part);
    const path = above.join('');
    return methods.split(', ').map((method) => ({ method, path }));
  });
}

/** Finds the route that serves a path: of several, the one with the fewest parameters. */
export function routeOf(routes: readonly Route[], { method, path }: Route): Route | undefined {
  const [plain = ''] = path.split(/[?#]/);
  const matching = routes.filter(
    (route) => route.method === method && new RegExp(`^${patternOf(route.path)}$`).test(plain),
  );
  return matching.toSorted((one, other) => parametersIn(one) - parametersIn(other))[0];
}

const patternOf = (path: string): string =>
  path
    .replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll(/:[A-Za-z]+/g, '[^/]+')
    .replaceAll('*', '.*');

const parametersIn = ({ path }: Route): number => path.split(/[:*]/).length;
