import type { LinkAccess } from '@chatelaine/host-kit';
import { accountOf, requireAccount } from '@chatelaine/accounts';
import { formOf, notFound, Notice, pageOf, Pager, queryOf, renderPage } from '@chatelaine/ui';
import type { FastifyInstance } from 'fastify';
import type { VNode } from 'preact';

export interface AccessNow {
  readonly links: readonly LinkAccess[];
  /** What to say above them: what was just done. */
  readonly news: VNode | null;
  /** The way to the rest of them, below. */
  readonly pager: VNode;
}

/**
 * `/access`: who has access to what a person keeps here, as `page` shows it, and the end of it. After host-kit is
 * registered.
 */
export function accessRoutes(app: FastifyInstance, page: (now: AccessNow) => VNode): void {
  const { chatelaine } = app;
  app.get('/access', { preHandler: requireAccount }, async (request, reply) => {
    const number = pageOf(request);
    const { links, hasMore } = await chatelaine.accessPage(accountOf(request).id, number);
    const news = queryOf(request).get('ended') === 'yes' ? <CutOff /> : null;
    return renderPage(reply, page({ links, news, pager: <Pager path="/access" page={number} hasMore={hasMore} /> }));
  });
  app.post('/access/end', { preHandler: requireAccount }, async (request, reply) => {
    const { id } = accountOf(request);
    const ended = await chatelaine.endLink(id, formOf(request).get('link') ?? '');
    if (!ended) throw notFound();
    request.log.info({ account: id }, 'link ended by its owner');
    return reply.redirect('/access?ended=yes', 303);
  });
}

function CutOff(): VNode {
  return (
    <Notice kind="good">
      It is cut off. It can hand out nothing more, and every key it handed out has stopped working. As soon as an app
      asks it for a key, it shows you there that the link is broken, and how to repair it.
    </Notice>
  );
}
