import type { FastifyRequest } from 'fastify';
import type { VNode } from 'preact';
import { queryOf } from '../forms/form-of.ts';
import { ButtonLink, ButtonRow } from './components.tsx';

const LAST_PAGE = 100_000;

/** The number in `?page=`, from 1; 1 if it is missing or not a number. */
export function pageOf(request: FastifyRequest): number {
  const given = queryOf(request).get('page') ?? '';
  return /^[1-9][0-9]{0,5}$/.test(given) ? Math.min(Number(given), LAST_PAGE) : 1;
}

/** A page of a list that is sorted latest first. */
export interface PageOfList {
  readonly path: string;
  readonly page: number;
  /** Whether there is another page. */
  readonly hasMore: boolean;
}

/** Links to the previous and next page; nothing if there is only one page. */
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
