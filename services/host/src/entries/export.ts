import { type ExportFile, inParts, jsonList } from '@chatelaine/accounts';
import type { Deps } from '../deps.ts';
import { entriesAfter, findPicture } from './store.ts';

/** What an account has here: its entries, and each picture as it was uploaded. */
export async function* exportEntries({ prisma }: Pick<Deps, 'prisma'>, owner: string): AsyncGenerator<ExportFile> {
  const entries = () =>
    inParts((after: string) => entriesAfter({ prisma }, { owner, after }), { first: '', keyOf: ({ id }) => id });
  yield { path: 'entries.json', content: () => jsonList(entries()) };
  for await (const { id, picture } of entries()) {
    if (picture === undefined) continue;
    yield {
      path: `pictures/${id}.${picture.type.replace('image/', '')}`,
      async *content() {
        const found = await findPicture({ prisma }, { owner, entry: id });
        if (found !== null) yield found.bytes;
      },
    };
  }
}
