import { temporarilyUnavailable } from '@chatelaine/protocol';
import type { FastifyInstance } from 'fastify';
import { renderPage } from '../pages/render.tsx';
import { ApiDocsPage } from './api-docs-page.tsx';
import { operationsIn, type ShownOperation } from './operations-in.ts';

/** Serves /docs, within `pages`: this service's `/openapi.json` as a page for programmers. ADR 0041. */
export function apiDocs(scope: FastifyInstance): void {
  let known: readonly ShownOperation[] | undefined;
  const read = async (): Promise<readonly ShownOperation[]> => {
    const { statusCode, json } = await scope.inject({ method: 'GET', url: '/openapi.json' });
    if (statusCode !== 200) throw temporarilyUnavailable('The description cannot be had right now.', { retryAfter: 5 });
    return operationsIn(json());
  };
  scope.get('/docs', async (_request, reply) => {
    known ??= await read();
    return renderPage(reply, <ApiDocsPage operations={known} />);
  });
}
