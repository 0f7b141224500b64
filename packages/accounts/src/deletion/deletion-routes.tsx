import { formOf, notFound, queryOf, renderPage } from '@chatelaine/ui';
import { answersLate, repeat } from '@chatelaine/service-kit';
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { accountOf, signInUrl } from '../accounts/require-account.ts';
import type { AccountDeps } from '../deps.ts';
import { requireFresh } from '../fresh/require-fresh.ts';
import { deletedLetter } from '../mail/letters.ts';
import { endSession } from '../sessions/sessions.ts';
import { DeletedPage, DeletePage } from './deletion-page.tsx';
import { beginDeletion, deletionDone, findDeletion, openDeletions } from './deletion-store.ts';
import type { Erasure } from './erasure.ts';

const PAGE = '/account/delete';
const DELETED = '/account/deleted';
const GO_ON_SECONDS = 5;

/** /account/delete ends and deletes an account; /account/deleted shows whether everything of it has been deleted. */
export function deletionRoutes(app: FastifyInstance, deps: AccountDeps): void {
  const fresh = { preHandler: requireFresh(deps, PAGE) };
  app.get(PAGE, fresh, async (request, reply) => show(deps, request, reply));
  app.post(PAGE, fresh, async (request, reply) => deleteAccount(deps, request, reply));
  app.get(DELETED, async (request, reply) => {
    answersLate(request);
    const found = await findDeletion(deps.pool, queryOf(request).get('token') ?? '');
    switch (found.kind) {
      case 'unknown':
        throw notFound();
      case 'done':
        return renderPage(reply, <DeletedPage waitsFor={null} />);
      case 'under way': {
        const erasure = await goOn(deps, found.accountId);
        return renderPage(reply, <DeletedPage waitsFor={erasure.kind === 'done' ? null : erasure.for} />);
      }
      default:
        return found satisfies never;
    }
  });
  const work = async (): Promise<void> => {
    for (const accountId of await openDeletions(deps.pool))
      await goOn(deps, accountId).catch(notYet(app.log, accountId));
  };
  repeat(app, { everySeconds: GO_ON_SECONDS, work, what: 'deleting accounts' });
}

function show(
  { sender }: AccountDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  said: { problem?: string } = {},
): FastifyReply {
  return renderPage(reply, <DeletePage username={accountOf(request).username} service={sender.name} {...said} />);
}

async function deleteAccount(deps: AccountDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  answersLate(request);
  const { id: accountId, username } = accountOf(request);
  const given = (formOf(request).get('confirmation') ?? '').trim().toLowerCase();
  if (given !== username)
    return show(deps, request, reply.code(400), { problem: `This is not your username. It is ${username}.` });
  await deps.erasing.end(accountId);
  const begun = await beginDeletion(deps.pool, accountId);
  if (begun === null) return reply.redirect(signInUrl('/'), 303);
  request.log.info({ account: accountId }, 'account deleted');
  const { token, email } = begun;
  if (email !== null) deps.mailQueue.add('deleted', async () => [deletedLetter(deps.sender, { to: email, token })]);
  await endSession(request, reply);
  await goOn(deps, accountId).catch(notYet(request.log, accountId));
  return reply.redirect(`${DELETED}?token=${token}`, 303);
}

/** Logs a failure. It will be retried, since the account itself has been deleted already. */
const notYet =
  (log: FastifyBaseLogger, account: string) =>
  (err: unknown): void =>
    log.warn({ err, account }, 'what is kept of a deleted account could not be deleted yet');

/** Also ends what began while the account was being ended. */
async function goOn({ pool, erasing }: AccountDeps, accountId: string): Promise<Erasure> {
  await erasing.end(accountId);
  const erasure = await erasing.erase(accountId);
  if (erasure.kind === 'done') await deletionDone(pool, accountId);
  return erasure;
}
