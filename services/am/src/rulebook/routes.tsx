import { accountOf, requireAccount } from '@chatelaine/accounts';
import { canBeShown, formOf, pages, Problem, queryOf, renderPage } from '@chatelaine/ui';
import type { FastifyInstance } from 'fastify';
import { readApp } from '../apps/app-store.ts';
import type { Deps } from '../deps.ts';
import { changeDefaults, readDefaults } from '../rules/defaults-store.ts';
import { readTriedChoices, type TriedChoices } from './choices-store.ts';
import { readDefaultsForm } from './defaults-card.tsx';
import { RulesPage, type Tried, valueOf } from './rules-page.tsx';
import { tryIt } from './try-it.ts';

type RulebookDeps = Pick<Deps, 'pool'>;

/** Shows the effect of the owner's rules by trying a request without sending one; and the defaults for new apps. */
export async function rulebookFeature(app: FastifyInstance, deps: RulebookDeps): Promise<void> {
  await pages(app, async (scope) => {
    scope.addHook('preHandler', requireAccount);
    scope.get('/rules', async (request, reply) => {
      const { id: ownerId } = accountOf(request);
      const query = queryOf(request);
      const [appId, what] = [query.get('app'), query.get('what')];
      const chosen = appId === undefined && what === undefined ? null : { app: appId ?? '', what: what ?? '' };
      const [choices, defaults] = await Promise.all([readTriedChoices(deps, ownerId), readDefaults(deps, ownerId)]);
      const tried = chosen === null ? null : await tryChosen(deps, { ownerId, choices, chosen });
      return renderPage(reply, <RulesPage {...{ choices, chosen, tried, defaults, saved: query.has('saved') }} />);
    });
    scope.post('/rules/defaults', async (request, reply) => {
      const defaults = readDefaultsForm(formOf(request));
      if (defaults === null) throw new Problem(400, 'Choose Off, Ask or Allow for each. Nothing was changed.');
      await changeDefaults(deps, accountOf(request).id, defaults);
      return reply.redirect('/rules?saved=yes', 303);
    });
  });
}

async function tryChosen(
  deps: RulebookDeps,
  { ownerId, choices, chosen }: { ownerId: string; choices: TriedChoices; chosen: { app: string; what: string } },
): Promise<Tried> {
  const thing = choices.things.find((one) => valueOf(one) === chosen.what);
  const app = canBeShown(chosen.app) ? await readApp(deps, { id: chosen.app, ownerId }) : null;
  if (app === null || thing === undefined) return { kind: 'unknown' };
  return { kind: 'tried', app, thing, trials: await tryIt(deps, { ownerId, app, thing }) };
}
