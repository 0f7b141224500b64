import { accountOf, currentSessionHash, liveSessionsOf, openOwnerMail, requireAccount } from '@chatelaine/accounts';
import type { PushKeys } from '@chatelaine/keys';
import { repeat } from '@chatelaine/service-kit';
import { formOf, pages, Problem, queryOf, renderPage } from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { readChoices, saveChoices } from './choice-store.ts';
import { type Topic, WAYS, type Way } from './notice.ts';
import { choiceField, NotificationsPage, WAY_FIELD } from './notifications-page.tsx';
import { pushScripts } from './push/scripts.ts';
import { readSubscription } from './push/subscription.ts';
import { countSubscriptions, dropSubscription, keepSubscription } from './push/subscription-store.ts';
import { PUSH_PAGE } from './push/turn-on.tsx';
import { NOTIFICATIONS } from './section.ts';
import { sendDue } from './send.ts';
import { lookForTrouble } from './trouble-store.ts';

type NoticesDeps = Pick<Deps, 'config' | 'pool' | 'log' | 'outbound'> & { readonly pushKeys: PushKeys };

const PAGE = NOTIFICATIONS.href;
const SAVED = `${PAGE}?saved=yes`;

/**
 * Notifies owners while they are away: of a question that waits, of a link that broke, and that it works again. Each is
 * off until its owner turns it on.
 */
export async function noticesFeature(app: FastifyInstance, deps: NoticesDeps): Promise<void> {
  const { pool, config } = deps;
  const mail = openOwnerMail(app, { pool, mail: config.mail });
  const sending = { ...deps, mail, liveSessions: liveSessionsOf(app, pool) };
  pushScripts(app, config);
  await pages(app, async (scope) => {
    scope.addHook('preHandler', requireAccount);
    scope.get(PAGE, async (request, reply) => show(sending, request, reply));
    scope.post(PAGE, async (request, reply) => choose(sending, request, reply));
    scope.post(PUSH_PAGE, async (request, reply) => turnOn(deps, request, reply));
    scope.post(`${PUSH_PAGE}/off`, async (request, reply) => {
      await dropSubscription(deps, currentSessionHash(request));
      return reply.redirect(SAVED, 303);
    });
  });
  const { everySeconds, unreachableSeconds } = config.notices;
  repeat(app, { everySeconds, work: () => sendDue(sending), what: 'telling owners' });
  repeat(app, { everySeconds, work: () => lookForTrouble(deps, { unreachableSeconds }), what: 'looking for trouble' });
}

type PageDeps = NoticesDeps & { readonly mail: ReturnType<typeof openOwnerMail> };

async function show(deps: PageDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { mail, pushKeys } = deps;
  const { id: ownerId } = accountOf(request);
  const pushKey = pushKeys.current.publicKey;
  const [address, choices, told] = await Promise.all([
    mail.open ? mail.addressOf(ownerId) : undefined,
    readChoices(deps, ownerId),
    countSubscriptions(deps, { ownerId, session: currentSessionHash(request), pushKey }),
  ]);
  const saved = queryOf(request).has('saved');
  return renderPage(
    reply,
    <NotificationsPage address={address} choices={choices} push={{ ...told, pushKey }} saved={saved} />,
  );
}

/** Stores what the owner checked for one channel. */
async function choose(deps: PageDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = formOf(request);
  const way = WAYS.find((known) => known === form.get(WAY_FIELD));
  if (way === undefined || (way === 'mail' && !deps.mail.open))
    throw new Problem(400, 'Choose something on the page of notifications, and save it there.');
  const waysFor = (topic: Topic): Way[] => (form.get(choiceField(way, topic)) === 'yes' ? [way] : []);
  const choices = { questions: waysFor('questions'), services: waysFor('services') };
  await saveChoices(deps, { ownerId: accountOf(request).id, ways: [way], choices });
  return reply.redirect(SAVED, 303);
}

/**
 * Turns notifications on in this browser. An owner who had chosen nothing for this channel is notified of everything.
 */
async function turnOn(deps: NoticesDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const subscription = readSubscription(formOf(request), deps.config.notices.pushServices);
  if (subscription === null)
    throw new Problem(400, UNKNOWN_PUSH_SERVICE, { next: { href: PAGE, label: 'Notifications' } });
  const { id: ownerId } = accountOf(request);
  const pushKey = deps.pushKeys.current.publicKey;
  await keepSubscription(deps, { session: currentSessionHash(request), ownerId, subscription, pushKey });
  const { questions, services } = await readChoices(deps, ownerId);
  if (![...questions, ...services].includes('push'))
    await saveChoices(deps, { ownerId, ways: ['push'], choices: { questions: ['push'], services: ['push'] } });
  return reply.redirect(SAVED, 303);
}

const UNKNOWN_PUSH_SERVICE =
  'This browser gets its messages from a server that this one does not speak to, ' +
  'so nothing was turned on. E-mail works with every browser.';
