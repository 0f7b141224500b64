import type { LinkAccess } from '@chatelaine/host-kit';
import type { FastifyInstance } from 'fastify';
import type { Accounts } from './accounts.ts';
import { escape, page } from './html.ts';
import type { Note, Notes } from './notes.ts';

/** The person's own pages: the notes, and who has access to them. */
export function home(app: FastifyInstance, { notes, accounts }: { notes: Notes; accounts: Accounts }): void {
  app.get('/', async (request, reply) => {
    const user = accounts.signedIn(request);
    if (user === null) return reply.redirect('/sign-in', 303);
    const [kept, links] = await Promise.all([notes.list(user), app.chatelaine.access(user)]);
    return reply.type('text/html').send(homePage(kept, links));
  });
  app.post<{ Body: { title: string; text: string } }>('/notes', async (request, reply) => {
    const user = accounts.signedIn(request);
    if (user === null) return reply.redirect('/sign-in', 303);
    await notes.write(user, { title: request.body.title, text: request.body.text, writtenBy: null });
    return reply.redirect('/', 303);
  });
}

function homePage(notes: readonly Note[], links: readonly LinkAccess[]): string {
  return page(
    'Your notes',
    `${notes.map(noteItem).join('')}
    <form method="post" action="/notes"><p><input name="title" placeholder="Title" required>
    <input name="text" placeholder="Text"></p>
    <button>Keep</button></form>
    <h2>Who has access</h2>${links.map(linkItem).join('') || '<p>Nobody but you.</p>'}`,
  );
}

function noteItem({ title, text, writtenBy }: Note): string {
  const author = writtenBy === null ? '' : `<p>written by ${escape(writtenBy)}</p>`;
  return `<h2>${escape(title)}</h2><p>${escape(text)}</p>${author}`;
}

function linkItem({ am, ceiling, requesters }: LinkAccess): string {
  const programs = requesters.map(({ name, id, endedAt }) => `${name ?? id}${endedAt === null ? '' : ' (ended)'}`);
  const names = programs.join(', ') || 'none';
  return `<p>${escape(am)}: ${escape(ceiling.join(', '))}. Programs so far: ${escape(names)}</p>`;
}
