import { accountOf, currentAccount, formOf, notFound, renderPage, requireAccount } from '@chatelaine/service-kit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { FeedPage, WelcomePage } from './feed-page.tsx';
import { postEntry } from './post-entry.ts';
import { readFeed } from './read-feed.ts';
import type { Trouble } from './trouble.ts';

type FeedDeps = Pick<Deps, 'requester'>;

const MAX_TEXT = 2_000;

export function feed(app: FastifyInstance, deps: FeedDeps): void {
  app.get('/', async (request, reply) => {
    const account = currentAccount(request);
    return account === null ? renderPage(reply, <WelcomePage />) : show(deps, account.id, reply);
  });
  app.post('/entries', { preHandler: requireAccount }, async (request, reply) => post(deps, request, reply));
}

interface Attempt {
  readonly text: string;
  readonly trouble: Trouble;
}

async function show(deps: FeedDeps, owner: string, reply: FastifyReply, attempt?: Attempt): Promise<FastifyReply> {
  const feed = await readFeed(deps, owner);
  return renderPage(reply, <FeedPage feed={feed} {...(attempt && { attempt })} />);
}

async function post(deps: FeedDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { id: owner } = accountOf(request);
  const form = formOf(request);
  const text = (form.get('text') ?? '').trim();
  if (text === '' || text.length > MAX_TEXT) {
    const trouble = { sentence: `An entry has 1 to ${MAX_TEXT} characters.` };
    return show(deps, owner, reply.code(400), { text, trouble });
  }
  const posted = await postEntry(deps, { owner, text, ...sourceIn(form.get('source') ?? '') });
  request.log.info({ outcome: posted.kind }, 'post');
  switch (posted.kind) {
    case 'posted':
      return reply.redirect('/', 303);
    case 'unknown':
      throw notFound();
    case 'not_posted':
      return show(deps, owner, reply.code(400), { text, trouble: posted.trouble });
  }
}

/** `<connection> <resource>`, as the page writes it; anything else names nothing. */
function sourceIn(value: string): { connectionId: string; resource: string } {
  const [connectionId = '', resource = ''] = value.split(' ');
  return { connectionId, resource };
}
