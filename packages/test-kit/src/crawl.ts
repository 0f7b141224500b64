import type { Browser } from './browser.ts';
import type { Answer } from './http.ts';

/** A form of a page, with what it starts with; of its buttons, one. */
export interface FoundForm {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
  /** Those that somebody would change: other text, another choice. */
  readonly changed: Readonly<Record<string, string>>;
}

/** What somebody finds who follows every link of a service, and presses nothing. */
export interface Crawled {
  /** By path, with its query. */
  readonly pages: ReadonlyMap<string, Answer>;
  /** Each POST form, once for each of its buttons. */
  readonly forms: readonly FoundForm[];
}

/** Pages of one kind that are followed, where each has links to more of them. */
const MOST_OF_A_KIND = 12;

/** Follows all links of this service from these pages on. `kindOf` says which paths lead to the same kind of page. */
export async function crawl(
  browser: Browser,
  { from, kindOf }: { from: readonly string[]; kindOf: (path: string) => string },
): Promise<Crawled> {
  const pages = new Map<string, Answer>();
  const forms = new Map<string, FoundForm>();
  const kinds = new Map<string, number>();
  const waiting = [...from];
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const kind = kindOf(path);
    const seen = kinds.get(kind) ?? 0;
    if (pages.has(path) || seen >= MOST_OF_A_KIND) continue;
    kinds.set(kind, seen + 1);
    const answer = await browser.get(path);
    pages.set(path, answer);
    for (const link of linksOf(answer)) waiting.push(link);
    for (const form of formsOf(answer.text)) forms.set(keyOf(form), form);
  }
  return { pages, forms: [...forms.values()] };
}

/** Paths at the same service, without fragments. */
function linksOf({ text, headers }: Answer): string[] {
  const found = [...text.matchAll(/ (?:href|src)="([^"]+)"/g)].map(([, href = '']) => decoded(href));
  return [...found, headers.location ?? '']
    .map((href) => href.split('#')[0] ?? '')
    .filter((href) => href.startsWith('/') && !href.startsWith('//'));
}

function formsOf(text: string): FoundForm[] {
  return text
    .split('<form ')
    .slice(1)
    .flatMap((rest) => {
      const [head = '', ...more] = (rest.split('</form>')[0] ?? '').split('>');
      const body = more.join('>');
      const action = decoded(/action="([^"]*)"/.exec(head)?.[1] ?? '');
      if (!/method="post"/.test(head) || !action.startsWith('/')) return [];
      const fields = fieldsOf(body);
      const changed = changedIn(body);
      const buttons = [...body.matchAll(/<button[^>]* name="([^"]*)" value="([^"]*)"/g)];
      if (buttons.length === 0) return [{ action, fields, changed }];
      return buttons.map(([, name = '', value = '']) => ({
        action,
        fields: { ...fields, [name]: decoded(value) },
        changed,
      }));
    });
}

/** What a browser would send: text as it is, and what is ticked or selected. */
function fieldsOf(body: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [tag] of body.matchAll(/<input [^>]*>/g)) {
    const [, name] = / name="([^"]*)"/.exec(tag) ?? [];
    const [, value = ''] = / value="([^"]*)"/.exec(tag) ?? [];
    if (name === undefined || (/type="(?:radio|checkbox)"/.test(tag) && !/ checked/.test(tag))) continue;
    fields[decoded(name)] = decoded(value);
  }
  for (const [, name = '', options = ''] of body.matchAll(/<select [^>]*name="([^"]*)"[^>]*>(.*?)<\/select>/gs)) {
    const chosen = /<option value="([^"]*)" selected/.exec(options) ?? /<option value="([^"]*)"/.exec(options);
    fields[decoded(name)] = decoded(chosen?.[1] ?? '');
  }
  return fields;
}

function changedIn(body: string): Record<string, string> {
  const changed: Record<string, string> = {};
  for (const [tag] of body.matchAll(/<input [^>]*>/g)) {
    const [, name = ''] = / name="([^"]*)"/.exec(tag) ?? [];
    const [, value = ''] = / value="([^"]*)"/.exec(tag) ?? [];
    if (/type="text"/.test(tag)) changed[decoded(name)] = 'changed';
    if (/type="(?:radio|checkbox)"/.test(tag) && !/ checked/.test(tag)) changed[decoded(name)] = decoded(value);
  }
  return changed;
}

/** The same form on several pages differs by its tokens alone. */
function keyOf({ action, fields }: FoundForm): string {
  const same = Object.entries(fields).filter(([name]) => !name.endsWith('csrf'));
  return JSON.stringify([action, same]);
}

const decoded = (text: string): string =>
  text.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&amp;', '&');
