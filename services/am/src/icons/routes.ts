import { requireAccount } from '@chatelaine/accounts';
import { notFound, pages } from '@chatelaine/ui';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { readPicture } from './icon-store.ts';

const ICON_ID = /^icon_[A-Za-z0-9_-]{1,64}$/;

/**
 * Serves the icons of apps to signed-in owners, so that an app's site never sees who looks at its icon. The picture
 * under an id never changes.
 */
export async function iconsFeature(app: FastifyInstance, deps: Pick<Deps, 'pool'>): Promise<void> {
  await pages(app, async (scope) => {
    scope.addHook('preHandler', requireAccount);
    scope.get<{ Params: { id: string } }>('/icons/:id', async (request, reply) => {
      const { id } = request.params;
      const picture = ICON_ID.test(id) ? await readPicture(deps, id) : null;
      if (picture === null) throw notFound();
      return reply
        .header('content-security-policy', "default-src 'none'; sandbox")
        .header('cache-control', 'private, max-age=86400, immutable')
        .type('image/webp')
        .send(picture);
    });
  });
}
