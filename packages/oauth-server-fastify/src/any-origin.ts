import type { IncomingMessage, Server } from 'node:http';
import type { FastifyInstance } from 'fastify';

/**
 * Header fields that a program in a browser's page may send and read, besides those it always may (Fetch §2.2.2). DPoP:
 * RFC 9449 §4.1, §8. MCP clients send their own fields with every request, here too, and the browser asks for each of
 * them first.
 */
const REQUEST_HEADERS =
  'Authorization, Content-Type, DPoP, Mcp-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id, Last-Event-ID';
const RESPONSE_HEADERS = 'WWW-Authenticate, DPoP-Nonce, Retry-After';
const PREFLIGHT_SECONDS = 7_200;
const ALLOWED_METHODS = 'access-control-allow-methods';

/**
 * Lets programs in any page call the scope's routes (Fetch §3.2). Never with credentials, which `*` rules out: what a
 * browser adds by itself opens nothing here. Only for scopes without pages, and before their routes are registered. Not
 * @fastify/cors, which answers preflights by one route for the whole app, pages included.
 */
export function allowAnyOrigin(scope: FastifyInstance): void {
  const paths = openPathsOf(scope.server);
  scope.addHook('onRoute', ({ url, config }) => paths.add(url, config?.allowed));
  // no server is listening, as with `inject`; also the answer to a preflight
  scope.addHook('onRequest', ({ raw, routeOptions }, reply, done) => {
    const headers = headersFor(raw, routeOptions.config.allowed);
    reply.headers(headers);
    if (ALLOWED_METHODS in headers) reply.code(204).send();
    else done();
  });
}

type Methods = readonly string[] | undefined;

function headersFor({ method, headers }: IncomingMessage, allowed: Methods): Readonly<Record<string, string>> {
  const isPreflight = method === 'OPTIONS' && 'access-control-request-method' in headers;
  if (!isPreflight || allowed === undefined) return OPEN;
  return {
    ...OPEN,
    [ALLOWED_METHODS]: allowed.join(', '),
    'access-control-allow-headers': REQUEST_HEADERS,
    'access-control-max-age': String(PREFLIGHT_SECONDS),
  };
}

const OPEN: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': RESPONSE_HEADERS,
};

interface OpenPaths {
  /** @param url as the route has it, with `:name` for a segment, and `*` at the end for any number of them */
  add(url: string, allowed: Methods): void;
}

const known = new WeakMap<Server, OpenPaths>();

/**
 * A request may be refused before its route runs (by an overload, an app's own hook, an overlong path, or the framework
 * while it closes), and a program must be able to read that answer, too. So the headers are set by the request's path,
 * as soon as the request is there.
 */
function openPathsOf(server: Server): OpenPaths {
  const made = known.get(server);
  if (made !== undefined) return made;
  const whole = new Map<string, Methods>();
  const patterns = new Map<string, { segments: string[]; allowed: Methods }>();
  server.prependListener('request', (request, response) => {
    const path = pathOf(request.url ?? '');
    const found = whole.has(path) ? { allowed: whole.get(path) } : matching(patterns, path);
    if (found === undefined) return;
    for (const [name, value] of Object.entries(headersFor(request, found.allowed))) response.setHeader(name, value);
  });
  const paths: OpenPaths = {
    add(url, allowed) {
      if (url.includes('/:') || url.endsWith('/*')) {
        patterns.set(url, { segments: url.split('/'), allowed: allowed ?? patterns.get(url)?.allowed });
      } else whole.set(url, allowed ?? whole.get(url));
    },
  };
  known.set(server, paths);
  return paths;
}

function matching(patterns: ReadonlyMap<string, { segments: string[]; allowed: Methods }>, path: string) {
  const segments = path.split('/');
  return [...patterns.values()].find(({ segments: pattern }) => {
    const isOpen = pattern.at(-1) === '*';
    const fixed = isOpen ? pattern.slice(0, -1) : pattern;
    const isLong = isOpen ? segments.length > fixed.length : segments.length === fixed.length;
    return isLong && fixed.every((one, at) => (one.startsWith(':') ? segments[at] !== '' : one === segments[at]));
  });
}

/** As the router reads the path. */
function pathOf(url: string): string {
  const path = url.split('?', 1)[0] ?? '';
  if (!path.includes('%')) return path;
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
