import {
  accountOf,
  currentAccount,
  formOf,
  notFound,
  queryOf,
  renderPage,
  requireAccount,
  sendPicture,
} from '@chatelaine/service-kit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { FeedPage, type FeedView } from './feed-page.tsx';
import { postEntry } from './post-entry.ts';
import { readFeed } from './read-feed.ts';
import { readPicture } from './read-picture.ts';
import { WelcomePage } from './welcome-page.tsx';

type FeedDeps = Pick<Deps, 'requester'>;

const MAX_TEXT = 2_000;

export function feed(app: FastifyInstance, deps: FeedDeps): void {
  app.get('/', async (request, reply) => {
    const account = currentAccount(request);
    return account === null ? renderPage(reply, <WelcomePage />) : show(deps, account.id, reply);
  });
  app.get('/picture', { preHandler: requireAccount }, async (request, reply) => {
    const [query, owner] = [queryOf(request), accountOf(request).id];
    const named = (name: string): string => query.get(name) ?? '';
    const [connectionId, resource, entry] = [named('connection'), named('resource'), named('entry')];
    const picture = await readPicture(deps, { owner, connectionId, resource, entry });
    if (picture === null) throw notFound();
    return sendPicture(reply, picture);
  });
  app.post('/entries', { preHandler: requireAccount }, async (request, reply) => post(deps, request, reply));
}

type Attempt = NonNullable<FeedView['attempt']>;

async function show(deps: FeedDeps, owner: string, reply: FastifyReply, attempt?: Attempt): Promise<FastifyReply> {
  const feed = await readFeed(deps, owner);
  return renderPage(reply, <FeedPage feed={feed} {...(attempt && { attempt })} />);
}

async function post(deps: FeedDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { id: owner } = accountOf(request);
  const form = formOf(request);
  const [text, source] = [(form.get('text') ?? '').trim(), form.get('source') ?? ''];
  if (text === '' || text.length > MAX_TEXT) {
    const sentence = `Nothing was posted: an entry has 1 to ${MAX_TEXT} characters.`;
    return show(deps, owner, reply.code(400), { text, source, trouble: { kind: 'bad', sentence } });
  }
  const posted = await postEntry(deps, { owner, text, ...sourceIn(source) });
  request.log.info({ outcome: posted.kind }, 'post');
  switch (posted.kind) {
    case 'posted':
      return reply.redirect('/', 303);
    case 'unknown':
      throw notFound();
    case 'not_posted':
      return show(deps, owner, reply.code(400), { text, source, trouble: posted.trouble });
  }
}

/** `<connection> <resource>`, as the page writes it; anything else names nothing. */
function sourceIn(value: string): { connectionId: string; resource: string } {
  const [connectionId = '', resource = ''] = value.split(' ');
  return { connectionId, resource };
}
