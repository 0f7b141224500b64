import { accountOf } from '@chatelaine/accounts';
import { formOf, notFound, Problem, queryOf, renderPage } from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { readApp } from './app-store.ts';
import { keyHref, KeyPage, type KeyView } from './key-page.tsx';
import { EFFECTS, SHOWN_FIELD, shownOf } from './rules-form.ts';
import { changeRules } from './rules-store.ts';
import { stale } from './stale.ts';

type KeyDeps = Pick<Deps, 'pool'>;
type KeyParams = { Params: { id: string; host: string } };

/** What an app may do at one service, as one answer. */
export function keyRoutes(scope: FastifyInstance, deps: KeyDeps): void {
  scope.get<KeyParams>('/apps/:id/at/:host', async (request, reply) => {
    const saved = queryOf(request).has('saved') ? 'saved' : null;
    return renderPage(reply, <KeyPage {...(await keyOf(deps, request))} saved={saved} />);
  });
  scope.post<KeyParams>('/apps/:id/at/:host', async (request, reply) => change(deps, request, reply));
}

async function keyOf(deps: KeyDeps, request: FastifyRequest<KeyParams>): Promise<Omit<KeyView, 'saved'>> {
  const { id, host: hostId } = request.params;
  const app = await readApp(deps, { id, ownerId: accountOf(request).id });
  const accounts = (app?.accounts ?? []).filter(
    (one) => one.hostId === hostId && one.linkState !== 'ended' && one.scopes.length > 0,
  );
  if (app === null || accounts.length === 0) throw notFound();
  return { app, hostId, accounts };
}

async function change(deps: KeyDeps, request: FastifyRequest<KeyParams>, reply: FastifyReply): Promise<FastifyReply> {
  const { app, hostId, accounts } = await keyOf(deps, request);
  const here = keyHref(app.id, hostId);
  const form = formOf(request);
  const effect = EFFECTS.find((one) => one === form.get('answer'));
  if (effect === undefined) throw new Problem(400, 'Choose one of the three answers.');
  if (form.get(SHOWN_FIELD) !== shownOf({ accounts })) throw stale(here);
  const changed = accounts.flatMap(({ linkId, scopes }) =>
    scopes
      .filter((one) => one.effect !== effect)
      .map(({ scope }) => ({ linkId, scope, effect, until: null, limit: null })),
  );
  const whose = { clientId: app.clientId, ownerId: accountOf(request).id };
  if (changed.length > 0 && !(await changeRules(deps, { ...whose, changed }))) throw stale(here);
  return reply.redirect(`${here}?saved=yes`, 303);
}
