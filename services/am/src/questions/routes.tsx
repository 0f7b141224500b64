import { accountOf, requireAccount } from '@chatelaine/accounts';
import { afterOf, ENTRIES_A_PAGE, ErrorPage, formOf, pages, renderPage } from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { stopApp } from '../connections/store.ts';
import type { Deps } from '../deps.ts';
import { readAnswerForm } from './answer-form.ts';
import { answerAsk } from './answer-store.ts';
import { AnsweredPage } from './answered-page.tsx';
import { AskPage, type AskView } from './ask-page.tsx';
import { AsksPage } from './asks-page.tsx';
import { readAskHistory } from './history-store.ts';
import { findOpenAsk, type OpenAsk } from './store.ts';
import { askKeySchema, readWaitingAsks } from './waiting-store.ts';

type QuestionsDeps = Pick<Deps, 'pool' | 'jobs' | 'live' | 'terms'>;
type AskParams = { Params: { askId: string } };
type AskRequest = FastifyRequest<AskParams>;

/**
 * Questions, which only the connection's owner, signed in, can see and answer; to everybody else they do not exist.
 * PROTOCOL §3.7.
 */
export async function questionsFeature(app: FastifyInstance, deps: QuestionsDeps): Promise<void> {
  await pages(app, async (scope) => {
    scope.addHook('preHandler', requireAccount);
    scope.get('/asks', async (request, reply) => {
      const after = afterOf(request, { name: 'after', schema: askKeySchema });
      const asks = await readWaitingAsks(deps, { ownerId: accountOf(request).id, after, most: ENTRIES_A_PAGE });
      return renderPage(reply, <AsksPage after={after} asks={asks} />);
    });
    scope.get<AskParams>('/asks/:askId', async (request, reply) => {
      const ask = await askOf(deps, request);
      return ask === null ? notThere(reply) : show(deps, request, reply, { ask });
    });
    scope.post<AskParams>('/asks/:askId', async (request, reply) => answer(deps, request, reply));
  });
}

const askOf = (deps: QuestionsDeps, request: AskRequest): Promise<OpenAsk | null> =>
  findOpenAsk(deps, { id: request.params.askId, ownerId: accountOf(request).id });

async function show(
  deps: QuestionsDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  view: Omit<AskView, 'history' | 'signed'>,
): Promise<FastifyReply> {
  const { id: askId, clientId, terms } = view.ask;
  const history = await readAskHistory(deps, { askId, ownerId: accountOf(request).id, clientId });
  const signed = terms === null ? null : await deps.terms.find(terms);
  return renderPage(reply, <AskPage {...view} history={history} signed={signed} />);
}

async function answer(deps: QuestionsDeps, request: AskRequest, reply: FastifyReply): Promise<FastifyReply> {
  const ownerId = accountOf(request).id;
  const ask = await askOf(deps, request);
  if (ask === null) return notThere(reply);
  const read = readAnswerForm(ask, formOf(request));
  switch (read.kind) {
    case 'again':
      return show(deps, request, reply.code(400), { ask, problem: read.problem, chosen: read.chosen });
    case 'block':
      if ((await stopApp(deps, { id: ask.connectionId, ownerId })) === 'unknown') return notThere(reply);
      deps.jobs.announceRevocations();
      deps.live.changed(ownerId);
      return reply.redirect(`/apps/${encodeURIComponent(ask.connectionId)}`, 303);
    case 'answer': {
      if (!(await answerAsk(deps, { ask, ownerId, answer: read.answer, chosen: read.chosen }))) return notThere(reply);
      deps.live.changed(ownerId);
      const isForFewer = read.chosen.length > 0 && read.chosen.length < ask.scopes.length;
      return renderPage(reply, <AnsweredPage ask={ask} answer={read.answer} isForFewer={isForFewer} />);
    }
  }
}

function notThere(reply: FastifyReply): FastifyReply {
  return renderPage(
    reply.code(404),
    <ErrorPage
      title="Nothing to answer here"
      sentence={
        'This question was answered already, is no longer open, or is not yours. ' +
        'If an app still waits, try again there: then it asks anew.'
      }
      next={{ href: '/asks', label: 'Open questions' }}
    />,
  );
}
