import { accountOf, ErrorPage, formOf, pages, renderPage, requireAccount } from '@chatelaine/service-kit';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Deps } from '../deps.ts';
import { AnsweredPage, AskPage } from './ask-page.tsx';
import { answerAsk, type AskAnswer, findOpenAsk } from './store.ts';

type InboxDeps = Pick<Deps, 'prisma' | 'clock'>;
type AskParams = { Params: { askId: string } };

const ANSWERS: readonly AskAnswer[] = ['once', 'always', 'not-now', 'never'];

/** Questions that only the owner of a connection, signed in, can see and answer; to everybody else they do not exist. PROTOCOL §3.7. */
export async function inboxFeature(app: FastifyInstance, deps: InboxDeps): Promise<void> {
  await pages(app, async (scope) => {
    scope.addHook('preHandler', requireAccount);
    scope.get<AskParams>('/asks/:askId', async (request, reply) => {
      const ask = await findOpenAsk(deps, { id: request.params.askId, ownerId: accountOf(request).id });
      return ask === null ? notThere(reply) : renderPage(reply, <AskPage ask={ask} />);
    });
    scope.post<AskParams>('/asks/:askId', async (request, reply) => {
      const ownerId = accountOf(request).id;
      const ask = await findOpenAsk(deps, { id: request.params.askId, ownerId });
      if (ask === null) return notThere(reply);
      const answer = ANSWERS.find((known) => known === formOf(request).get('answer'));
      if (answer === undefined) return renderPage(reply.code(400), <AskPage ask={ask} />);
      const recorded = await answerAsk(deps, { ask, ownerId, answer });
      return recorded ? renderPage(reply, <AnsweredPage ask={ask} answer={answer} />) : notThere(reply);
    });
  });
}

function notThere(reply: FastifyReply): FastifyReply {
  return renderPage(
    reply.code(404),
    <ErrorPage
      title="Nothing to answer here"
      sentence="This question was answered already, has expired, or is not yours."
    />,
  );
}
