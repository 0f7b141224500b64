import type { LinkAccess } from '@chatelaine/host-kit';
import { accountOf, formOf, notFound, renderPage, requireAccount } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { VNode } from 'preact';

/** `/access`: who has access to what a person keeps here, as `page` shows it, and the end of it. After host-kit is registered. */
export function accessRoutes(app: FastifyInstance, page: (links: readonly LinkAccess[]) => VNode): void {
  const { chatelaine } = app;
  app.get('/access', { preHandler: requireAccount }, async (request, reply) =>
    renderPage(reply, page(await chatelaine.access(accountOf(request).id))),
  );
  app.post('/access/end', { preHandler: requireAccount }, async (request, reply) => {
    const { id } = accountOf(request);
    const ended = await chatelaine.endLink(id, formOf(request).get('link') ?? '');
    if (!ended) throw notFound();
    request.log.info({ account: id }, 'link ended by its owner');
    return reply.redirect('/access', 303);
  });
}
