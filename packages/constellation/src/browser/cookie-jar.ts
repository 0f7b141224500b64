import { parseSetCookie, type SetCookie } from 'cookie';

/** Cookies as a browser keeps them: by host name, whatever the port. */
export interface CookieJar {
  /** Takes the `Set-Cookie` headers of an answer. */
  take(url: URL, setCookies: readonly string[]): void;
  /** The `Cookie` header for a request, or null. */
  header(url: URL, request: CookieRequest): string | null;
  /** Names and values kept for a host name. */
  of(hostname: string): ReadonlyMap<string, string>;
  /** Forgets a host name's cookies. */
  clear(hostname: string): void;
}

export interface CookieRequest {
  method: string;
  /** Whether another site led here. */
  crossSite: boolean;
}

interface Kept extends SetCookie {
  value: string;
  path: string;
  /** Epoch milliseconds; null: as long as the browser runs. */
  endsAt: number | null;
}

export function createCookieJar(): CookieJar {
  const hosts = new Map<string, Map<string, Kept>>();
  const keptFor = (hostname: string): Kept[] =>
    [...(hosts.get(hostname)?.values() ?? [])].filter(({ endsAt }) => endsAt === null || endsAt > Date.now());
  return {
    take(url, setCookies) {
      const kept = hosts.get(url.hostname) ?? new Map<string, Kept>();
      hosts.set(url.hostname, kept);
      for (const text of setCookies) {
        const cookie = accept(url, text);
        if (cookie !== null) kept.set(`${cookie.name};${cookie.path}`, cookie);
      }
    },
    header(url, request) {
      const sent = keptFor(url.hostname).filter((cookie) => isSent(cookie, url, request));
      // RFC 6265 §5.4: longer paths first
      const ordered = sent.toSorted((a, b) => b.path.length - a.path.length);
      return ordered.length === 0 ? null : ordered.map(({ name, value }) => `${name}=${value}`).join('; ');
    },
    of: (hostname) => new Map(keptFor(hostname).map(({ name, value }) => [name, value])),
    clear: (hostname) => void hosts.delete(hostname),
  };
}

/** RFC 6265 §5.3, for cookies of one host: a `Domain` would be a mistake of ours, so it is one here. */
function accept(url: URL, text: string): Kept | null {
  const cookie = parseSetCookie(text, { decode: (value) => value });
  if (cookie.domain !== undefined) throw new Error(`${url.origin} sets a cookie for a whole domain: ${cookie.name}`);
  const secure = url.protocol === 'https:';
  if (cookie.secure && !secure) return null;
  // RFC 6265bis §4.1.3
  if (cookie.name.startsWith('__Host-') && (!cookie.secure || cookie.path !== '/')) return null;
  const path = cookie.path?.startsWith('/') ? cookie.path : url.pathname.replace(/\/[^/]*$/, '') || '/';
  return { ...cookie, value: cookie.value ?? '', path, endsAt: endOf(cookie) };
}

function endOf({ maxAge, expires }: SetCookie): number | null {
  if (maxAge !== undefined) return Date.now() + maxAge * 1_000;
  return expires === undefined ? null : expires.getTime();
}

function isSent(cookie: Kept, url: URL, { method, crossSite }: CookieRequest): boolean {
  if (cookie.secure && url.protocol !== 'https:') return false;
  const below = cookie.path.endsWith('/') ? cookie.path : `${cookie.path}/`;
  if (url.pathname !== cookie.path && !url.pathname.startsWith(below)) return false;
  if (!crossSite || cookie.sameSite === 'none') return true;
  // RFC 6265bis §5.2: Lax, the default, travels with top-level navigations that change nothing
  return cookie.sameSite !== 'strict' && cookie.sameSite !== true && method === 'GET';
}
