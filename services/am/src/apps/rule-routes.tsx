import { accountOf } from '@chatelaine/accounts';
import { formOf, notFound, queryOf, renderPage } from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Deps } from '../deps.ts';
import { ruleHref } from '../rules/rule-href.ts';
import { readApp } from './app-store.ts';
import { readRuleForm, ruleOf } from './rule-form.ts';
import { RulePage } from './rule-page.tsx';
import { changeRules } from './rules-store.ts';
import { stale } from './stale.ts';

type RuleDeps = Pick<Deps, 'pool' | 'clock'>;
type AppParams = { Params: { id: string } };
type AppRequest = FastifyRequest<AppParams>;

/** One answer on a page of its own, with its limits. */
export function ruleRoutes(scope: FastifyInstance, deps: RuleDeps): void {
  scope.get<AppParams>('/apps/:id/rule', async (request, reply) => {
    const app = await appOf(deps, request);
    const rule = ruleOf(app, queryOf(request));
    if (rule === null) throw notFound();
    return renderPage(reply, <RulePage app={app} rule={rule} />);
  });
  scope.post<AppParams>('/apps/:id/rule', async (request, reply) => change(deps, request, reply));
}

async function appOf(deps: RuleDeps, request: AppRequest) {
  const app = await readApp(deps, { id: request.params.id, ownerId: accountOf(request).id });
  if (app === null) throw notFound();
  return app;
}

async function change(deps: RuleDeps, request: AppRequest, reply: FastifyReply): Promise<FastifyReply> {
  const app = await appOf(deps, request);
  const form = formOf(request);
  const here = `/apps/${encodeURIComponent(request.params.id)}`;
  const rule = ruleOf(app, form);
  if (rule === null) throw stale(here);
  const { account, scope } = rule;
  const again = ruleHref({ appId: request.params.id, linkId: account.linkId, scope: scope.scope });
  const read = readRuleForm(app, rule, form, deps.clock.now());
  switch (read.kind) {
    case 'again':
      return renderPage(reply.code(400), <RulePage app={app} rule={rule} again={{ form, wrong: read }} />);
    case 'stale':
      throw stale(again);
    case 'rule': {
      const whose = { clientId: app.clientId, ownerId: accountOf(request).id };
      if (read.changed !== null && !(await changeRules(deps, { ...whose, changed: [read.changed] })))
        throw stale(again);
      return reply.redirect(`${here}?saved=yes`, 303);
    }
  }
}
