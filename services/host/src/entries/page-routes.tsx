import { accountOf, createLimit, requireAccount } from '@chatelaine/accounts';
import {
  fileOf,
  formOf,
  notFound,
  type Picture,
  pictureTypeOf,
  renderPage,
  sendPicture,
  uploads,
} from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { EntriesPage, type Draft } from './entries-page.tsx';
import { MAX_PICTURE_BYTES, parseNewEntry } from './entry.ts';
import { addEntry, findPicture, listEntries, removeEntry, today } from './store.ts';

type PageDeps = Pick<Deps, 'prisma' | 'clock' | 'flavor' | 'pool' | 'config'>;

const PICTURES_PER_HOUR = 60;
const NO_PICTURE = 'This file is no picture of a kind that is kept here. Choose a PNG, JPEG, WebP or GIF.';

/** The pages with a person's own entries. */
export async function entriesPages(app: FastifyInstance, deps: PageDeps): Promise<void> {
  const signedIn = { preHandler: requireAccount };
  const pictures = createLimit(deps.pool, 'picture', { tries: PICTURES_PER_HOUR, seconds: 3_600 });
  app.get('/entries', signedIn, async (request, reply) =>
    show(deps, request, reply, { text: '', date: today(deps.clock) }),
  );
  app.get<{ Params: { id: string } }>('/entries/:id/picture', signedIn, async (request, reply) => {
    const picture = await findPicture(deps, { owner: accountOf(request).id, entry: request.params.id });
    if (picture === null) throw notFound();
    return sendPicture(reply, picture);
  });
  app.post('/entries/remove', signedIn, async (request, reply) => {
    const entry = formOf(request).get('entry') ?? '';
    if (!(await removeEntry(deps, { owner: accountOf(request).id, entry }))) throw notFound();
    return reply.redirect('/entries', 303);
  });
  await uploads(app, { maxBytes: MAX_PICTURE_BYTES }, (inner) => {
    inner.post('/entries', signedIn, async (request, reply) => {
      const owner = accountOf(request).id;
      const read = readForm(request);
      if (read.kind === 'wrong') return show(deps, request, reply.code(400), read.draft);
      if (read.picture !== null) await pictures.count(owner);
      if ((await addEntry(deps, { owner, ...read })) === null)
        return show(deps, request, reply.code(409), { ...read.draft, problem: full(deps) });
      return reply.redirect('/entries', 303);
    });
  });
}

async function show(deps: PageDeps, request: FastifyRequest, reply: FastifyReply, draft: Draft): Promise<FastifyReply> {
  const entries = await listEntries(deps, accountOf(request).id);
  const view = { flavor: deps.flavor, entries, today: today(deps.clock), draft };
  return renderPage(reply, <EntriesPage {...view} />);
}

function full({ config, flavor }: PageDeps): string {
  return (
    `Nothing was added: you keep ${config.entriesPerAccount} ${flavor.many} here, ` +
    'and one account may not keep more. Remove one to make room.'
  );
}

function readForm(request: FastifyRequest) {
  const form = formOf(request);
  const [text, date] = [form.get('text') ?? '', form.get('date') ?? ''];
  const parsed = parseNewEntry({ text, ...(date === '' ? {} : { date }) });
  if (parsed.kind === 'wrong')
    return { kind: 'wrong', draft: { text, date, problem: `That could not be added: ${parsed.problem}` } } as const;
  const picture = pictureIn(request);
  if (picture === 'unknown') return { kind: 'wrong', draft: { text, date, pictureProblem: NO_PICTURE } } as const;
  return { kind: 'right', entry: parsed.entry, picture, draft: { text, date } } as const;
}

function pictureIn(request: FastifyRequest): Picture | 'unknown' | null {
  const bytes = fileOf(request, 'picture');
  if (bytes === null) return null;
  const type = pictureTypeOf(bytes);
  return type === null ? 'unknown' : { type, bytes };
}
