import type { Browser } from './browser.ts';
import type { Crawled } from './crawl.ts';
import { tokenFor } from './html.ts';
import { type Route, routeOf } from './routes.ts';

/** Somebody's pages and forms, and the others who attack them. */
export interface Sweep {
  readonly victim: Browser;
  /** What the victim finds. */
  readonly crawled: Crawled;
  /** Somebody else with an account, signed in. */
  readonly attacker: () => Promise<Browser>;
  /** Stands in everything that is the victim's. */
  readonly mark: string;
  /** All that is stored of the victim's. */
  readonly stored: () => Promise<unknown>;
}

/** Markup in names of the victim's, that must be text on every page. */
export const EVIL_MARKUP = `"><img src=x onerror=alert(1)><script>alert(1)</script>`;
/** {@link EVIL_MARKUP} that is not text. */
export const EXECUTES = /<img src=x|<script>alert|" onerror=/;

/** A CSRF token of whoever is signed in there. */
export const tokenOf = async (browser: Browser): Promise<string> =>
  tokenFor((await browser.get('/account')).text, '/sign-out');

/**
 * Opens every page and sends every form as others would: a sentence for each that shows, tells or does something. A
 * page is judged by its text and headers, a form by what is stored afterwards.
 */
export async function sweep(input: Sweep): Promise<string[]> {
  return [...sweepHeaders(input.crawled), ...(await sweepPages(input)), ...(await sweepForms(input))];
}

/** The routes of these methods that nobody reached by following links, apart from those named by `known`. */
export function unreached(routes: readonly Route[], crawled: readonly Crawled[], known: readonly string[]): string[] {
  const reached = new Set([
    ...known,
    ...crawled.flatMap(({ pages }) => [...pages.keys()].map((path) => nameOf(routes, { method: 'GET', path }))),
    ...crawled.flatMap(({ forms }) => forms.map(({ action }) => nameOf(routes, { method: 'POST', path: action }))),
  ]);
  return routes
    .filter(({ method }) => method === 'GET' || method === 'POST')
    .map(({ method, path }) => `${method} ${path}`)
    .filter((route) => !reached.has(route))
    .toSorted();
}

const nameOf = (routes: readonly Route[], route: Route): string =>
  `${route.method} ${routeOf(routes, route)?.path ?? ''}`;

/** Runs a query; its rows. */
type Query = (text: string, values?: readonly unknown[]) => Promise<readonly Record<string, unknown>[]>;

/**
 * All rows of a schema that name this account, whatever the table; of a session all but when it was last seen, which
 * its own browser's requests change once a minute.
 */
export async function rowsAbout(query: Query, accountId: string): Promise<string[]> {
  const tables = await query(
    `select table_name as name from information_schema.tables
     where table_schema = current_schema() and table_type = 'BASE TABLE' order by 1`,
  );
  const rows: string[] = [];
  for (const name of tables.map((table) => String(table['name']))) {
    const row = name === 'session' ? `(to_jsonb(t) - 'seen_at')::text` : 't::text';
    const found = await query(`select ${row} as row from "${name}" t where t::text like $1 order by 1`, [
      `%${accountId}%`,
    ]);
    rows.push(...found.map((each) => `${name}: ${String(each['row'])}`));
  }
  return rows;
}

function sweepHeaders({ pages }: Crawled): string[] {
  return [...pages].flatMap(([path, { headers, text }]) => {
    if (headers['content-type']?.startsWith('text/html') !== true) return [];
    const policy = String(headers['content-security-policy']);
    return [
      ...(policy.includes("frame-ancestors 'none'") ? [] : [`${path} can be framed`]),
      ...(/unsafe|\*|https?:/.test(policy) ? [`${path} trusts others: ${policy}`] : []),
      ...(EXECUTES.test(text) ? [`${path} executes a name`] : []),
    ];
  });
}

async function sweepPages({ crawled, attacker, mark }: Sweep): Promise<string[]> {
  const other = await attacker();
  const found: string[] = [];
  for (const path of crawled.pages.keys()) {
    const { status, text } = await other.get(path);
    if (status >= 500 || text.includes(mark)) found.push(`GET ${path} as another person: ${status}`);
  }
  return found;
}

async function sweepForms({ victim, crawled, attacker, stored }: Sweep): Promise<string[]> {
  const found: string[] = [];
  let before = JSON.stringify(await stored());
  const note = async (what: string, isRefused: boolean): Promise<void> => {
    const after = JSON.stringify(await stored());
    if (!isRefused || after !== before) found.push(what);
    before = after;
  };
  const theirs = await tokenOf(await attacker());
  let other = await attacker();
  for (const { action, fields, changed } of crawled.forms) {
    for (const token of ['', theirs]) {
      const { status } = await victim.post(action, { ...fields, _csrf: token, csrf: token });
      await note(`${action} with ${token === '' ? 'no' : 'another’s'} token: ${status}`, status === 403);
    }
    for (const site of [{ 'sec-fetch-site': 'cross-site' }, { origin: 'https://evil.example' }]) {
      const { status } = await victim.post(action, fields, site);
      await note(`${action} from another site: ${status}`, status === 403);
    }
    // some forms end the session of whoever sends them
    if ((await other.get('/account')).status !== 200) other = await attacker();
    const token = await tokenOf(other);
    const { status } = await other.post(action, { ...fields, ...changed, _csrf: token, csrf: token });
    await note(`${action} by another person: ${status}`, status < 500);
  }
  return found;
}
