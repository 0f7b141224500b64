import { sha256base64url } from '@chatelaine/crypto';
import type { Site } from './site.ts';
import { RULES } from './style-rules.ts';

/**
 * The stylesheet with the service's accent and rules, and the URL at which it is served. The URL has a hash of it, so
 * it may be cached for ever.
 */
export interface Stylesheet {
  css: string;
  href: string;
}

export function stylesheet({ accent = '#3b5bdb', styles = '' }: Site): Stylesheet {
  if (!/^#[0-9a-f]{6}$/i.test(accent)) throw new Error('The accent of a site is a colour of the form #rrggbb.');
  const css = `:root { --accent: ${accent} }\n${RULES}\n${styles}`;
  return { css, href: `/style.css?v=${sha256base64url(css).slice(0, 12)}` };
}

/** The icon of a service, an SVG: a key on a hook, in its accent. */
export function icon({ accent = '#3b5bdb' }: Site): string {
  return (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">' +
    `<rect width="32" height="32" rx="7" fill="${accent}"/>` +
    '<g fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round">' +
    '<circle cx="16" cy="10.5" r="4.5"/><path d="M16 15v11M16 20.5h4.5M16 25h3.5"/></g></svg>'
  );
}
