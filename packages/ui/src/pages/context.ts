import { createContext, type VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { Account } from '../signed-in/account.ts';
import type { PageScript } from './content-security-policy.ts';
import type { Site } from './site.ts';

/** What every page knows in addition to its own view. */
export interface PageContext {
  site: Site;
  styleHref: string;
  account: Account | null;
  path: string;
  /** The CSRF token of this page's forms, made when the first form asks for it. */
  csrfToken(): string;
  /** By their URLs; components add those that they need while the page is rendered. */
  scripts: Map<string, PageScript>;
  /** How many things wait for the person who is signed in; shown beside the link to the front page. */
  needsYou: number;
  /**
   * In a streamed page: the mark that stands for content which comes later, and that content, in the order of the page.
   */
  arriving?: { mark: string; places: AsyncIterable<VNode>[] };
}

export const Page = createContext<PageContext | null>(null);

export function usePage(): PageContext {
  const page = useContext(Page);
  if (page === null) throw new Error('Pages are rendered with renderPage.');
  return page;
}
