import { accountOf, formOf, notFound, renderPage, requireAccount } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { AccessPage } from './access-page.tsx';

/** Who has access to the posts kept here, and the end of it. */
export function access(app: FastifyInstance, { config }: Pick<Deps, 'config'>): void {
  const { chatelaine } = app;
  app.get('/access', { preHandler: requireAccount }, async (request, reply) => {
    const links = await chatelaine.access(accountOf(request).id);
    return renderPage(reply, <AccessPage issuer={config.issuer} links={links} />);
  });
  app.post('/access/end', { preHandler: requireAccount }, async (request, reply) => {
    const { id } = accountOf(request);
    const ended = await chatelaine.endLink(id, formOf(request).get('link') ?? '');
    if (!ended) throw notFound();
    request.log.info({ account: id }, 'link ended by its owner');
    return reply.redirect('/access', 303);
  });
}
