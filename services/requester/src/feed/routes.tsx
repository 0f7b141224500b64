import { accountOf, currentAccount, requireAccount } from '@chatelaine/accounts';
import { waitOnOthers } from '@chatelaine/service-kit';
import { canBeShown, formOf, notFound, queryOf, renderPage, sendPicture, streamPage } from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { ATTEMPT_ID, beginAttempt, endAttempt, findAttempt } from './attempt-store.ts';
import { NotConnected } from './entry-list.tsx';
import { FeedPage, type Refused } from './feed-page.tsx';
import { destinationsOf } from './destinations.ts';
import { postEverywhere } from './post-everywhere.ts';
import { MAX_TEXT, destinationsIn } from './post-form.tsx';
import { PostedPage } from './posted-page.tsx';
import { readFeed } from './read-feed.ts';
import { readPicture } from './read-picture.ts';
import { WelcomePage } from './welcome-page.tsx';

type FeedDeps = Pick<Deps, 'requester' | 'pool' | 'vault' | 'config'>;

export function feed(app: FastifyInstance, deps: FeedDeps): void {
  app.get('/', async (request, reply) => {
    const account = currentAccount(request);
    return account === null ? renderPage(reply, <WelcomePage />) : show(deps, account.id, reply);
  });
  app.get('/picture', { preHandler: requireAccount }, async (request, reply) => {
    const [query, owner] = [queryOf(request), accountOf(request).id];
    const named = (name: string): string => query.get(name) ?? '';
    const [connectionId, resource, entry] = [named('connection'), named('resource'), named('entry')];
    waitOnOthers({ owner });
    const picture = await readPicture(deps, { owner, connectionId, resource, entry });
    if (picture === null) throw notFound();
    return sendPicture(reply, picture);
  });
  app.post('/entries', { preHandler: requireAccount }, async (request, reply) => post(deps, request, reply));
  app.get('/posted', { preHandler: requireAccount }, async (request, reply) => {
    const [owner, id] = [accountOf(request).id, queryOf(request).get('attempt') ?? ''];
    const attempt = ATTEMPT_ID.test(id) ? await findAttempt(deps, { owner, id }) : null;
    if (attempt === null) throw notFound();
    return renderPage(reply, <PostedPage attempt={attempt} />);
  });
}

/** The connections are read before the page begins: without a database there is no page. */
async function show(deps: FeedDeps, owner: string, reply: FastifyReply, refused?: Refused): Promise<FastifyReply> {
  const connections = await deps.requester.connections(owner);
  if (connections.length === 0) return renderPage(reply, <NotConnected />);
  waitOnOthers({ owner });
  const { feedSeconds: seconds } = deps.config;
  return streamPage(reply, (gone) => (
    <FeedPage events={readFeed(deps, { owner, connections, seconds, gone })} {...(refused && { refused })} />
  ));
}

async function post(deps: FeedDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { id: owner } = accountOf(request);
  const form = formOf(request);
  // browsers send a line end as two characters, and count it as one
  const text = (form.get('text') ?? '').replaceAll('\r\n', '\n').trim();
  const [chosen, id] = [destinationsIn(form), form.get('attempt') ?? ''];
  const problem = problemOf(text, chosen.length);
  if (problem !== null) return show(deps, owner, reply.code(400), { text, chosen, problem });
  const destinations = await destinationsOf(deps, { owner, destinations: chosen });
  if (destinations === null || !ATTEMPT_ID.test(id)) throw notFound();
  waitOnOthers({ owner });
  const result = `/posted?${new URLSearchParams({ attempt: id }).toString()}`;
  // a form that is sent twice, after an impatient click or a broken connection, is posted once
  if (!(await beginAttempt(deps, { owner, id }, text))) return reply.redirect(result, 303);
  const results = await postEverywhere(deps, { owner, text, destinations });
  await endAttempt(deps, { owner, id }, { text, results });
  request.log.info({ outcomes: results.map(({ state }) => state) }, 'post');
  return reply.redirect(results.every(({ state }) => state === 'posted') ? '/' : result, 303);
}

function problemOf(text: string, destinations: number): string | null {
  if (text === '' || text.length > MAX_TEXT || !canBeShown(text))
    return `Nothing was posted: an entry has 1 to ${MAX_TEXT} characters that can be read.`;
  return destinations === 0 ? 'Nothing was posted: choose at least one Host to post it to.' : null;
}
