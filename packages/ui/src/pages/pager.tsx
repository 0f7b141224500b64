import type { FastifyRequest } from 'fastify';
import type { VNode } from 'preact';
import { queryOf } from '../forms/form-of.ts';
import { ButtonLink, ButtonRow } from './components.tsx';

const LAST_PAGE = 100_000;

/** Which page of a list is asked for, by `?page=`: the first is 1, and so is what is no number. */
export function pageOf(request: FastifyRequest): number {
  const given = queryOf(request).get('page') ?? '';
  return /^[1-9][0-9]{0,5}$/.test(given) ? Math.min(Number(given), LAST_PAGE) : 1;
}

/** Where a page stands in a list that is shown the newest first. */
export interface PageOfList {
  readonly path: string;
  readonly page: number;
  /** Whether another comes after it. */
  readonly hasMore: boolean;
}

/** The ways to the pages before and after; nothing where there is only one. */
export function Pager({ path, page, hasMore }: PageOfList): VNode | null {
  if (page === 1 && !hasMore) return null;
  return (
    <ButtonRow>
      {page > 1 && (
        <ButtonLink href={page === 2 ? path : `${path}?page=${page - 1}`} kind="plain">
          Newer
        </ButtonLink>
      )}
      {hasMore && (
        <ButtonLink href={`${path}?page=${page + 1}`} kind="plain">
          Older
        </ButtonLink>
      )}
    </ButtonRow>
  );
}
