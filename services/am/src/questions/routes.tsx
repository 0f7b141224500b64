import {
  accountOf,
  afterOf,
  ENTRIES_A_PAGE,
  ErrorPage,
  formOf,
  pages,
  renderPage,
  requireAccount,
} from '@chatelaine/service-kit';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Deps } from '../deps.ts';
import { AnsweredPage, AskPage } from './ask-page.tsx';
import { AsksPage } from './asks-page.tsx';
import { shownOf } from './shown.ts';
import { answerAsk, type AskAnswer, findOpenAsk } from './store.ts';
import { askKeySchema, readWaitingAsks } from './waiting-store.ts';

type QuestionsDeps = Pick<Deps, 'pool' | 'prisma'>;
type AskParams = { Params: { askId: string } };

const ANSWERS: readonly AskAnswer[] = ['once', 'always', 'not-now', 'never'];

/** Questions that only the owner of a connection, signed in, can see and answer; to everybody else they do not exist. PROTOCOL §3.7. */
export async function questionsFeature(app: FastifyInstance, deps: QuestionsDeps): Promise<void> {
  await pages(app, async (scope) => {
    scope.addHook('preHandler', requireAccount);
    scope.get('/asks', async (request, reply) => {
      const after = afterOf(request, { name: 'after', schema: askKeySchema });
      const asks = await readWaitingAsks(deps, { ownerId: accountOf(request).id, after, most: ENTRIES_A_PAGE });
      return renderPage(reply, <AsksPage after={after} asks={asks} />);
    });
    scope.get<AskParams>('/asks/:askId', async (request, reply) => {
      const ask = await findOpenAsk(deps, { id: request.params.askId, ownerId: accountOf(request).id });
      return ask === null ? notThere(reply) : renderPage(reply, <AskPage ask={ask} />);
    });
    scope.post<AskParams>('/asks/:askId', async (request, reply) => {
      const ownerId = accountOf(request).id;
      const ask = await findOpenAsk(deps, { id: request.params.askId, ownerId });
      if (ask === null) return notThere(reply);
      const form = formOf(request);
      const answer = ANSWERS.find((known) => known === form.get('answer'));
      const problem = answer === undefined ? NO_ANSWER : form.get('shown') === shownOf(ask) ? undefined : CHANGED;
      if (answer === undefined || problem !== undefined)
        return renderPage(reply.code(400), <AskPage ask={ask} problem={problem} />);
      const recorded = await answerAsk(deps, { ask, ownerId, answer });
      return recorded ? renderPage(reply, <AnsweredPage ask={ask} answer={answer} />) : notThere(reply);
    });
  });
}

const NO_ANSWER = 'Press one of the buttons below to answer.';
const CHANGED =
  'The question has changed since it was shown to you, so nothing was answered. This is how it is now: look at it again, then answer.';

function notThere(reply: FastifyReply): FastifyReply {
  return renderPage(
    reply.code(404),
    <ErrorPage
      title="Nothing to answer here"
      sentence="This question was answered already, is no longer open, or is not yours. If a Requester still waits, try again there: then it asks anew."
      next={{ href: '/asks', label: 'Open questions' }}
    />,
  );
}
