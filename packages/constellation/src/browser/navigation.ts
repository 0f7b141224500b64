/** What caused a navigation. */
export type Cause =
  /** An address that was typed, or a bookmark. */
  | { kind: 'person' }
  /** A link on a page. */
  | { kind: 'link'; from: Origin }
  /** A form of a page. */
  | { kind: 'form'; from: Origin }
  /** A page that moves on by itself. */
  | { kind: 'page'; from: Origin };

/** The page from which a navigation starts: what its links and forms may do depends on it. */
export interface Origin {
  url: URL;
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** `Sec-Fetch-Site` (Fetch Metadata), over all URLs of one navigation. */
export function fetchSite(cause: Cause, chain: readonly URL[]): 'none' | 'same-origin' | 'same-site' | 'cross-site' {
  if (cause.kind === 'person') return 'none';
  const { url } = cause.from;
  if (chain.every(({ origin }) => origin === url.origin)) return 'same-origin';
  // `localhost` is like a public suffix: am.localhost and photos.localhost are two sites; ports do not matter
  const same = chain.every(({ protocol, hostname }) => protocol === url.protocol && hostname === url.hostname);
  return same ? 'same-site' : 'cross-site';
}

/** The `Origin` of a form's request (Fetch §3.2). Pages with `no-referrer` do not send theirs. */
export function originHeader(cause: Cause, method: string): string | null {
  if (cause.kind !== 'form' || method === 'GET') return null;
  const policies = String(cause.from.headers['referrer-policy'] ?? '').split(',');
  return policies.at(-1)?.trim() === 'no-referrer' ? 'null' : cause.from.url.origin;
}

/**
 * Why CSP (Level 3, `form-action`) does not let a form go there; it applies to every redirect as well. Null: it does.
 */
export function formActionRefusal(cause: Cause, target: URL): string | null {
  if (cause.kind !== 'form') return null;
  const { url, headers } = cause.from;
  for (const policy of [headers['content-security-policy'] ?? []].flat().flatMap((header) => header.split(','))) {
    const directive = policy.split(';').map((part) => part.trim().split(/\s+/));
    const sources = directive.find(([name]) => name?.toLowerCase() === 'form-action')?.slice(1);
    if (sources === undefined || sources.some((source) => matches(source, url, target))) continue;
    return (
      `The form on ${url.origin}${url.pathname} may not lead to ${target.origin}: ` +
      `its page says "form-action ${sources.join(' ')}".`
    );
  }
  return null;
}

function matches(source: string, page: URL, target: URL): boolean {
  if (source === "'self'") return target.origin === page.origin;
  if (/^[a-z][a-z0-9+.-]*:$/i.test(source)) return target.protocol === source.toLowerCase();
  return URL.canParse(source) && new URL(source).origin === target.origin;
}
