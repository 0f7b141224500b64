import { accountOf, formOf, renderPage, requireAccount } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { EntriesPage } from './entries-page.tsx';
import { parseNewEntry } from './entry.ts';
import { addEntry, listEntries, today } from './store.ts';

/** A person's own entries. */
export function entriesPages(app: FastifyInstance, deps: Pick<Deps, 'prisma' | 'clock' | 'flavor'>): void {
  const { flavor } = deps;
  app.get('/entries', { preHandler: requireAccount }, async (request, reply) => {
    const entries = await listEntries(deps, accountOf(request).id);
    const draft = { text: '', date: today(deps.clock), problem: null };
    return renderPage(reply, <EntriesPage flavor={flavor} entries={entries} draft={draft} />);
  });
  app.post('/entries', { preHandler: requireAccount }, async (request, reply) => {
    const owner = accountOf(request).id;
    const form = formOf(request);
    const [text, date] = [form.get('text') ?? '', form.get('date') ?? ''];
    const parsed = parseNewEntry({ text, ...(date === '' ? {} : { date }) });
    if (parsed.kind === 'wrong') {
      const draft = { text, date, problem: `That could not be added: ${parsed.problem}` };
      const entries = await listEntries(deps, owner);
      return renderPage(reply.code(400), <EntriesPage flavor={flavor} entries={entries} draft={draft} />);
    }
    await addEntry(deps, { owner, entry: parsed.entry });
    return reply.redirect('/entries', 303);
  });
}
