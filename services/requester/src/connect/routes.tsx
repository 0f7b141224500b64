import { accountOf, createLimit, currentSessionHash, requireAccount } from '@chatelaine/accounts';
import { waitOnOthers, waitOnOthersOrHere } from '@chatelaine/service-kit';
import { formOf, notFound, Problem, renderPage } from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { POST_SCOPES } from '../posts/post.ts';
import { ConnectPage, ContinuePage, DisconnectedPage } from './connect-page.tsx';

type ConnectDeps = Pick<Deps, 'requester' | 'pool' | 'config'> & Pick<FastifyInstance, 'chatelaine'>;

const CONNECT_AGAIN = { href: '/connect', label: 'Connect again' };

/** Connecting an Authorization Manager, and disconnecting it. PROTOCOL §2.1, §7. */
export function connect(app: FastifyInstance, parts: Omit<ConnectDeps, 'chatelaine'>): void {
  const deps = { ...parts, chatelaine: app.chatelaine };
  const signedIn = { preHandler: requireAccount };
  const limit = createLimit(deps.pool, 'connect', { tries: deps.config.connectsPerHour, seconds: 3_600 });
  app.get('/connect', signedIn, async (_request, reply) => renderPage(reply, <ConnectPage />));
  app.post('/connect', signedIn, async (request, reply) => {
    waitOnOthers({ owner: accountOf(request).id });
    await limit.count(accountOf(request).id);
    return start(deps, request, reply);
  });
  // without requireAccount: a browser that is not signed in started nothing here, and a code must not pass through a
  // sign-in page. RFC 9110 §9.2.1: only GET, which brings the browser back, uses up a code; HEAD does not
  app.head('/callback', async (_request, reply) => reply.type('text/html; charset=utf-8').send());
  app.get('/callback', async (request, reply) => finish(deps, request, reply));
  app.post('/disconnect', signedIn, async (request, reply) => end(deps, request, reply));
}

async function start(
  { requester, chatelaine }: ConnectDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const form = formOf(request);
  const am = form.get('am') ?? '';
  const share = form.get('share') === 'yes' ? 'yes' : 'no';
  const owner = accountOf(request).id;
  const scopes = Object.keys(POST_SCOPES);
  const outcome = await requester.connect({
    owner,
    session: sessionOf(request),
    am,
    ...(form.has('connection') && { connectionId: form.get('connection') ?? '' }),
    ...(share === 'yes' && { shareAsHost: (input) => chatelaine.hostGrant({ ...input, owner, scopes }) }),
  });
  request.log.info(
    { outcome: outcome.kind, ...(outcome.kind === 'failed' ? { reason: outcome.reason } : {}) },
    'connect',
  );
  if (outcome.kind === 'failed') {
    return renderPage(reply.code(400), <ConnectPage am={am} problem={outcome.sentence} share={share} />);
  }
  // our own CSP `form-action` would block a redirect after this POST; a link is not blocked
  return renderPage(reply, <ContinuePage authorizationUrl={outcome.redirectTo} share={share} />);
}

async function finish({ requester }: ConnectDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const account = request.session.account;
  if (account === undefined) {
    throw new Problem(400, 'You are not signed in here, so this is not the answer to anything you started.');
  }
  waitOnOthers({ owner: account.id });
  const outcome = await requester.callback({ owner: account.id, session: sessionOf(request), url: request.url });
  request.log.info(
    { outcome: outcome.kind, ...(outcome.kind === 'failed' ? { reason: outcome.reason } : {}) },
    'callback',
  );
  if (outcome.kind !== 'connected')
    throw new Problem(400, outcome.sentence, { title: 'Not connected', next: CONNECT_AGAIN });
  return reply.redirect('/connections', 303);
}

async function end({ requester }: ConnectDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const connectionId = formOf(request).get('connection') ?? '';
  const { id: owner } = accountOf(request);
  waitOnOthersOrHere({ owner });
  const outcome = await requester.disconnect({ owner, connectionId });
  request.log.info({ connection: connectionId, outcome: outcome.kind }, 'disconnect');
  switch (outcome.kind) {
    case 'unknown_connection':
      throw notFound();
    case 'ended':
      return reply.redirect('/connections', 303);
    case 'ended_here':
      return renderPage(reply, <DisconnectedPage am={outcome.am} />);
  }
}

/** Identifies the browser session without revealing its id. */
function sessionOf(request: FastifyRequest): string {
  return currentSessionHash(request).toString('base64url');
}
