import { createContext, type VNode } from 'preact';
import { useContext } from 'preact/hooks';
import type { Account } from '../signed-in/account.ts';
import type { PageScript } from './content-security-policy.ts';
import type { Site } from './site.ts';

/** What every page knows besides its own view. */
export interface PageContext {
  site: Site;
  styleHref: string;
  account: Account | null;
  path: string;
  /** The token of this page's forms; made when the first form asks for it. */
  csrfToken(): string;
  /** By their addresses; added while the page is rendered, by what needs them. */
  scripts: Map<string, PageScript>;
  /** How much waits for the person who is signed in; shown beside the link home. */
  needsYou: number;
  /** In a streamed page: what stands for the content of a place, and the places in their order. */
  arriving?: { mark: string; places: AsyncIterable<VNode>[] };
}

export const Page = createContext<PageContext | null>(null);

export function usePage(): PageContext {
  const page = useContext(Page);
  if (page === null) throw new Error('Pages are rendered with renderPage.');
  return page;
}
