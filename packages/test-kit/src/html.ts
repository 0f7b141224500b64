/** The text of a page: without tags, with entities decoded. */
export const wordsOf = (html: string): string =>
  decoded(html.replaceAll('<wbr/>', '').replace(/<[^>]*>/g, ' ')).replace(/\s+/g, ' ');

/** The hidden fields of a page's forms, or of its first form for `action`. */
export function hiddenFields(html: string, action?: string): Record<string, string> {
  const forms = html.split('<form');
  const isFor = (form: string): boolean => form.slice(0, form.indexOf('>')).includes(`action="${action}"`);
  const where = action === undefined ? html : (forms.find(isFor) ?? '');
  const found = where.matchAll(/<input type="hidden" name="([^"]*)" value(?:="([^"]*)")?/g);
  return Object.fromEntries([...found].map(([, name = '', value = '']) => [name, decoded(value)]));
}

/** The CSRF token in a page's first form for `action`; empty if there is none. */
export const tokenFor = (html: string, action: string): string => hiddenFields(html, action)['_csrf'] ?? '';

/** Where a page moves on to by itself (HTML §4.2.5.3). */
export function onwardOf(html: string): string | undefined {
  const [, to] = /<meta http-equiv="refresh" content="0;url=([^"]*)"/.exec(html) ?? [];
  return to === undefined ? undefined : decoded(to);
}

const decoded = (html: string): string =>
  html.replace(
    /&(amp|lt|gt|quot|#\d+);/g,
    (entity) => ENTITIES[entity] ?? String.fromCharCode(Number(entity.slice(2, -1))),
  );

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
};
