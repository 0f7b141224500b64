import { type HTMLElement, parse } from 'node-html-parser';
import { type PageForm, type PressButton, readForms, squash } from './form.ts';

/** The page that a person sees. */
export interface Page {
  readonly url: URL;
  /** 0: an address outside the deployment, which was not visited. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly html: string;
  /** Where the page moves on to by itself (HTML §4.2.5.3); null: nowhere. */
  readonly onward: URL | null;
  /** The page's first heading. */
  readonly heading: string;
  /** Its text, one line for each block. */
  readonly text: string;
  readonly forms: readonly PageForm[];
  readonly links: readonly Link[];
  readonly document: HTMLElement;
}

export interface Link {
  text: string;
  href: URL;
  element: HTMLElement;
}

/** Which of several with one name: the one near this text. */
export interface Near {
  near?: string | RegExp;
}

const SHOWN_LENGTH = 3_000;

export function readPage(answer: { url: URL; status: number; headers: Page['headers']; body: string }): Page {
  const { url, status, headers, body } = answer;
  const isHtml = String(headers['content-type'] ?? '').startsWith('text/html');
  const document = parse(isHtml ? body.replace(/^\s*<!doctype[^>]*>/i, '') : '');
  const onward = onwardOf(document, url);
  for (const unread of document.querySelectorAll('head, style, script, template')) unread.remove();
  return {
    url,
    status,
    headers,
    html: body,
    onward,
    heading: squash(document.querySelector('h1')?.text ?? ''),
    text: isHtml ? readable(document) : body,
    forms: readForms(document, url),
    links: document.querySelectorAll('a[href]').flatMap((element) => {
      const href = URL.parse(element.getAttribute('href') ?? '', url.href);
      return href === null ? [] : [{ text: squash(element.text), href, element }];
    }),
    document,
  };
}

function onwardOf(document: HTMLElement, url: URL): URL | null {
  const content = document.querySelector('meta[http-equiv="refresh"]')?.getAttribute('content') ?? '';
  const [, to] = /^0;\s*url=(.+)$/i.exec(content) ?? [];
  return to === undefined ? null : URL.parse(to, url.href);
}

/**
 * The form with this button, found by its label or by the value it sends. Throws, with the page's text, unless there is
 * exactly one.
 */
export function findButton(page: Page, button: string, { near }: Near = {}): { form: PageForm; button: PressButton } {
  const found = page.forms.flatMap((form) => {
    const fits = form.buttons.find((it) => it.label === button) ?? form.buttons.find((it) => it.value === button);
    return fits === undefined ? [] : [{ form, button: fits, element: form.element }];
  });
  const chosen = nearest(found, near);
  if (chosen !== null) return chosen;
  const there = page.forms.flatMap(({ buttons }) => buttons.map(({ label }) => `"${label}"`)).join(', ') || 'none';
  const which = near === undefined ? `"${button}"` : `"${button}" near ${String(near)}`;
  throw new PageError(`There is no single button ${which}; buttons: ${there}.`, page);
}

/** The link with this text. */
export function findLink(page: Page, text: string | RegExp, { near }: Near = {}): Link {
  const found = page.links.filter((link) => (typeof text === 'string' ? link.text === text : text.test(link.text)));
  const places = new Set(found.map(({ href }) => href.href));
  const chosen = places.size === 1 ? (found[0] ?? null) : nearest(found, near);
  if (chosen !== null) return chosen;
  const there = page.links.map((link) => `"${link.text}"`).join(', ') || 'none';
  throw new PageError(`There is no single link ${String(text)}; links: ${there}.`, page);
}

/** Of several elements the one nearest to the text: the first whose ancestor contains it, going outwards. */
function nearest<T extends { element: HTMLElement }>(found: readonly T[], near: string | RegExp | undefined): T | null {
  if (near === undefined) return found.length === 1 ? (found[0] ?? null) : null;
  let around = found.map((it) => ({ it, place: it.element as HTMLElement | null }));
  while (around.length > 0) {
    const fitting = around.filter(({ place }) => place !== null && holds(place, near));
    if (fitting.length > 0) return fitting.length === 1 ? (fitting[0]?.it ?? null) : null;
    around = around.flatMap(({ it, place }) => (place?.parentNode ? [{ it, place: place.parentNode }] : []));
  }
  return null;
}

function holds(place: HTMLElement, near: string | RegExp): boolean {
  const text = squash(place.text);
  return typeof near === 'string' ? text.includes(near) : near.test(text);
}

function readable(document: HTMLElement): string {
  const lines = document.structuredText.split('\n').map(squash);
  return lines.filter((line) => line !== '').join('\n');
}

/** Something that was expected is not on a page. The message contains the text of the page. */
export class PageError extends Error {
  override name = 'PageError';

  constructor(problem: string, page: Page) {
    const seen = (page.text || page.html).slice(0, SHOWN_LENGTH).replace(/^/gm, '  | ');
    super(`${problem}\n  ${page.url.href} answered ${page.status}:\n${seen}`);
  }
}
