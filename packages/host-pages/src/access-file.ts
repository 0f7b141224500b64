import { type ExportFile, inParts, jsonList } from '@chatelaine/accounts';
import type { FastifyInstance } from 'fastify';

/** Who has access to what a person keeps here, for their export. After host-kit is registered. */
export function accessFile({ chatelaine }: FastifyInstance, ownerId: string): ExportFile {
  const read = async (page: number) => {
    const { links } = await chatelaine.accessPage(ownerId, page);
    return links.map((link) => ({ link, page: page + 1 }));
  };
  return {
    path: 'access.json',
    content: () => jsonList(linksOf(inParts(read, { first: 1, keyOf: ({ page }) => page }))),
  };
}

async function* linksOf(rows: AsyncIterable<{ link: object }>): AsyncGenerator<object> {
  for await (const { link } of rows) yield link;
}
