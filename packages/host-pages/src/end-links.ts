import type { FastifyInstance } from 'fastify';

/** Ends all links of an owner: no AM gets a token for their data any more. After host-kit is registered. */
export async function endLinks({ chatelaine }: FastifyInstance, ownerId: string): Promise<void> {
  for (;;) {
    const { links } = await chatelaine.accessPage(ownerId, 1);
    const ended = await Promise.all(links.map(({ id }) => chatelaine.endLink(ownerId, id)));
    if (!ended.includes(true)) return;
  }
}
