import { accountOf, currentAccount, currentSessionHash, requireAccount } from '@chatelaine/accounts';
import { keepOpener, waitOnOthers } from '@chatelaine/service-kit';
import { afterOf, ENTRIES_A_PAGE, formOf, notFound, pages, Problem, queryOf, renderPage } from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { ownNameIn } from '../identity/own-name.ts';
import { AddHostPage, GoToHostPage } from './add-host-page.tsx';
import { addHost } from './add-host.ts';
import { clientDocuments } from './client-routes.ts';
import { finishLink } from './finish-link.ts';
import { HostsPage, type LinkNews } from './hosts-page.tsx';
import { stopBearer } from './bearer-store.ts';
import { readEndedLinks } from './ended-links-store.ts';
import { endLink, linkKeySchema, type OwnLink, readOwnLink, readOwnLinks, renameLink } from './hosts-store.ts';
import { repairLink } from './repair-link.ts';
import { testLink } from './test-link.ts';

/** Links: the owner's pages about them, the callback from Hosts, and the AM's client documents. PROTOCOL §2.2. */
export async function linkingFeature(app: FastifyInstance, deps: Deps): Promise<void> {
  await app.register(clientDocuments, { deps });
  await pages(app, async (scope) => {
    // RFC 9110 §9.2.1: only GET, which brings somebody back, uses up a code; HEAD does not
    scope.head('/callback/:tag', async (_request, reply) => reply.type('text/html; charset=utf-8').send());
    scope.get('/callback/:tag', async (request, reply) => callback(deps, request, reply));
  });
  await pages(app, async (own) => {
    own.addHook('preHandler', requireAccount);
    own.get('/hosts', async (request, reply) => list(deps, request, reply));
    // a link may fill in the form, but nothing is fetched before the POST
    own.get('/hosts/add', async (request, reply) => {
      const back = backOf(queryOf(request).get('back'));
      if (back !== null) await keepOpener(request, reply);
      return renderPage(reply, <AddHostPage address={queryOf(request).get('host') ?? ''} back={back} />);
    });
    own.post('/hosts/add', async (request, reply) => add(deps, request, reply));
    own.post('/hosts/:linkId/name', async (request, reply) => {
      const label = ownNameIn(formOf(request), 'label');
      if (!(await renameLink(deps, { ...ownLink(request), label }))) throw notFound();
      return reply.redirect(`/hosts?renamed=${encodeURIComponent(ownLink(request).linkId)}`, 303);
    });
    own.post('/hosts/:linkId/test', async (request, reply) => {
      waitOnOthers({ owner: accountOf(request).id });
      const tested = await testLink(deps, ownLink(request));
      if (tested.kind === 'unknown') throw notFound();
      const { kind, link } = tested;
      return reply.redirect(`/hosts?${new URLSearchParams({ tested: link.id, as: kind }).toString()}`, 303);
    });
    own.post('/hosts/:linkId/repair', async (request, reply) => repair(deps, request, reply));
    own.post('/hosts/:linkId/bearer/stop', async (request, reply) => {
      if (!(await stopBearer(deps, ownLink(request)))) throw notFound();
      deps.jobs.announceRevocations();
      return reply.redirect('/hosts', 303);
    });
    own.post('/hosts/:linkId/stop', async (request, reply) => {
      if (!(await endLink(deps, ownLink(request)))) throw notFound();
      await deps.failpoint('stop.committed');
      deps.jobs.announceRevocations();
      return reply.redirect('/hosts', 303);
    });
  });
}

async function list(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const ownerId = accountOf(request).id;
  const after = afterOf(request, { name: 'after', schema: linkKeySchema });
  const [links, ended, news] = await Promise.all([
    readOwnLinks(deps, { ownerId, after, most: ENTRIES_A_PAGE }),
    after === null ? readEndedLinks(deps, { ownerId, after: null, most: ENTRIES_A_PAGE }) : null,
    newsOf(deps, request),
  ]);
  return renderPage(reply, <HostsPage after={after} links={links} ended={ended} news={news} />);
}

async function newsOf(deps: Deps, request: FastifyRequest): Promise<LinkNews | null> {
  const query = queryOf(request);
  const done = (['made', 'renamed', 'tested'] as const).find((one) => query.has(one));
  if (done === undefined) return null;
  const link = await readOwnLink(deps, { id: query.get(done) ?? '', ownerId: accountOf(request).id });
  if (link === null) return null;
  if (done !== 'tested') return { kind: done, link };
  const kind = testedAs(query.get('as'), link, deps.clock.now());
  return kind === null ? null : { kind, link };
}

/** How long a test's result is shown; later it is no longer recent. */
const JUST_NOW_SECONDS = 120;

/** The result of a test, as far as the stored link confirms it: anybody can write anything into an address. */
function testedAs(given: string | undefined, link: OwnLink, now: number): LinkNews['kind'] | null {
  const { state, answeredAt, unreachableSince } = link;
  const hasAnswered = answeredAt !== null && answeredAt.getTime() / 1000 > now - JUST_NOW_SECONDS;
  if (given === 'broken') return state === 'broken' ? given : null;
  if (given === 'unreachable') return given;
  const fits = state === 'active' && unreachableSince === null && hasAnswered;
  return (given === 'works' || given === 'odd') && fits ? given : null;
}

async function add(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = formOf(request);
  const [address, back] = [form.get('host') ?? '', backOf(form.get('back'))];
  if (back !== null) await keepOpener(request, reply);
  const { id: ownerId } = accountOf(request);
  waitOnOthers({ owner: ownerId });
  const outcome = await addHost(deps, {
    address,
    ownerId,
    sessionHash: currentSessionHash(request),
    returnTo: back,
  });
  if (outcome.kind === 'linked') return reply.redirect(outcome.returnTo, 303);
  return outcome.kind === 'started'
    ? renderPage(reply, <GoToHostPage {...outcome} />)
    : renderPage(reply.code(400), <AddHostPage address={address} back={back} problem={outcome.sentence} />);
}

async function repair(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  waitOnOthers({ owner: accountOf(request).id });
  const repaired = await repairLink(deps, { ...ownLink(request), sessionHash: currentSessionHash(request) });
  if (repaired.kind === 'unknown') throw notFound();
  const { link, outcome } = repaired;
  if (outcome.kind === 'started') return renderPage(reply, <GoToHostPage {...outcome} repairs={link.label} />);
  if (outcome.kind === 'linked') return reply.redirect(outcome.returnTo, 303);
  throw new Problem(400, `${outcome.sentence} “${link.label}” is as it was.`, {
    title: 'Not repaired',
    next: { href: '/hosts', label: 'My services' },
  });
}

async function callback(deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { tag } = request.params as { tag: string };
  const cut = request.url.indexOf('?');
  const account = currentAccount(request);
  // without a session nothing was started: signing in now would not make this the browser that started it
  if (account === null) throw notOurs();
  // the code is good once: nothing is taken up while there is no capacity to redeem it
  waitOnOthers({ owner: account.id });
  const query = cut < 0 ? '' : request.url.slice(cut + 1);
  const outcome = await finishLink(deps, {
    hostId: tag,
    query,
    ownerId: account.id,
    sessionHash: currentSessionHash(request),
  });
  switch (outcome.kind) {
    case 'linked':
      // if it replaced another link, the revocation of that one is queued
      deps.jobs.announceRevocations();
      if (outcome.returnTo !== null) await keepOpener(request, reply);
      return reply.redirect(outcome.returnTo ?? `/hosts?made=${outcome.linkId}`, 303);
    case 'not_ours':
      throw notOurs();
    case 'denied':
      throw new Problem(400, denied(outcome), { title: 'Nothing was linked', next: AGAIN });
    case 'failed':
      throw new Problem(
        502,
        `${outcome.hostName} did not complete the link as it must, so nothing was kept here. Try again in a moment.`,
        {
          title: 'Nothing was linked',
          next: AGAIN,
        },
      );
  }
}

const AGAIN = { href: '/hosts/add', label: 'Add a service' };

function notOurs(): Problem {
  return new Problem(
    400,
    'This is not the answer to anything you started here in the last ten minutes with this browser and account. ' +
      'Nothing was linked. If you were adding a service, start again.',
    { title: 'Nothing was linked', next: AGAIN },
  );
}

function denied({ hostName, byOwner }: { hostName: string; byOwner: boolean }): string {
  return byOwner
    ? `You decided at ${hostName} not to link it, so nothing was linked.`
    : `${hostName} refused the request, so nothing was linked. ` +
        `Try again in a moment; if it stays so, ask whoever runs ${hostName}.`;
}

function ownLink(request: FastifyRequest): { linkId: string; ownerId: string } {
  const { linkId } = request.params as { linkId: string };
  return { linkId, ownerId: accountOf(request).id };
}

/** A link may only lead back to a request that waits for the owner's answer. */
function backOf(given: string | undefined): string | null {
  return given !== undefined && given.length <= 4000 && /^\/authorize\?[A-Za-z0-9%&=._~+:-]+$/.test(given)
    ? given
    : null;
}
