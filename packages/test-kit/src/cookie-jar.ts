import { Cookie, CookieJar as Store } from 'tough-cookie';

/** A request, as far as it matters for cookies. */
export interface CookieRequest {
  readonly method: string;
  /** Whether another site caused the request. */
  readonly crossSite: boolean;
}

/** Cookies as in a browser: by host name, regardless of the port, and `Lax` by default. */
export class CookieJar {
  readonly #store = new Store(null, { allowSecureOnLocal: false, rejectPublicSuffixes: false });

  /** Stores the cookies of an answer. Throws if one has a `Domain`, which ours must not have. */
  take(url: URL, setCookies: readonly string[]): void {
    for (const text of setCookies) {
      const cookie = Cookie.parse(text);
      if (cookie === undefined) continue;
      if (cookie.domain !== null) throw new Error(`${url.origin} sets a cookie for a whole domain: ${cookie.key}`);
      // RFC 6265bis §5.7: a browser stores neither kind
      const secure = url.protocol === 'https:';
      if (cookie.secure && !secure) continue;
      if (cookie.key.startsWith('__Host-') && (!cookie.secure || cookie.path !== '/')) continue;
      cookie.sameSite ??= 'lax';
      this.#store.setCookieSync(cookie, url.href);
    }
  }

  /** The `Cookie` header for a request, or null. Lax cookies are sent with safe methods only (RFC 6265bis §5.2). */
  header(url: URL, { method, crossSite }: CookieRequest): string | null {
    const sameSiteContext = crossSite ? (method === 'GET' ? 'lax' : 'none') : 'strict';
    return this.#store.getCookieStringSync(url.href, { sameSiteContext }) || null;
  }

  /** Names and values of a host name's cookies. */
  of(hostname: string): ReadonlyMap<string, string> {
    const kept = this.#store.getCookiesSync(`https://${hostname}/`, { allPaths: true });
    return new Map(kept.map(({ key, value }) => [key, value]));
  }
}
