import { Cookie, CookieJar as Store } from 'tough-cookie';

/** Where a request comes from, as far as cookies care. */
export interface CookieRequest {
  readonly method: string;
  /** Whether another site led here. */
  readonly crossSite: boolean;
}

/** Cookies as a browser keeps them: by host name, whatever the port, and `Lax` unless they say otherwise. */
export class CookieJar {
  readonly #store = new Store(null, { allowSecureOnLocal: false, rejectPublicSuffixes: false });

  /** Takes the `Set-Cookie` headers of an answer. A `Domain` would be a mistake of ours, so it is one here. */
  take(url: URL, setCookies: readonly string[]): void {
    for (const text of setCookies) {
      const cookie = Cookie.parse(text);
      if (cookie === undefined) continue;
      if (cookie.domain !== null) throw new Error(`${url.origin} sets a cookie for a whole domain: ${cookie.key}`);
      // RFC 6265bis §5.7: neither kind is kept
      const secure = url.protocol === 'https:';
      if (cookie.secure && !secure) continue;
      if (cookie.key.startsWith('__Host-') && (!cookie.secure || cookie.path !== '/')) continue;
      cookie.sameSite ??= 'lax';
      this.#store.setCookieSync(cookie, url.href);
    }
  }

  /** The `Cookie` header for a request, or null. Lax ones travel with what changes nothing (RFC 6265bis §5.2). */
  header(url: URL, { method, crossSite }: CookieRequest): string | null {
    const sameSiteContext = crossSite ? (method === 'GET' ? 'lax' : 'none') : 'strict';
    return this.#store.getCookieStringSync(url.href, { sameSiteContext }) || null;
  }

  /** Names and values kept for a host name. */
  of(hostname: string): ReadonlyMap<string, string> {
    const kept = this.#store.getCookiesSync(`https://${hostname}/`, { allPaths: true });
    return new Map(kept.map(({ key, value }) => [key, value]));
  }
}
