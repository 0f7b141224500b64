import { formOf, Problem, queryOf, renderPage } from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { accountOf, requireAccount } from '../accounts/require-account.ts';
import type { AccountDeps } from '../deps.ts';
import { requireFresh } from '../fresh/require-fresh.ts';
import { parseAddress } from './address.ts';
import { addressOf, removeAddress } from './address-store.ts';
import { AddressPage, ConfirmAddressPage } from './address-page.tsx';
import { confirmLetter } from './letters.ts';
import { confirmAddress, newMailToken, pendingAddress } from './mail-token-store.ts';

const PAGE = '/account/email';

/** /account/email: entering, confirming and removing an address. Only where mail is sent. */
export function addressRoutes(app: FastifyInstance, deps: AccountDeps): void {
  const fresh = { preHandler: requireFresh(deps, PAGE) };
  app.get(PAGE, fresh, async (request, reply) => showAddress(deps, request, reply));
  app.post(PAGE, fresh, async (request, reply) => giveAddress(deps, request, reply));
  app.post(`${PAGE}/remove`, fresh, async (request, reply) => {
    const { id: accountId } = accountOf(request);
    const before = await removeAddress(deps.pool, accountId);
    if (before !== null) deps.notifyAddress(before, 'address changed');
    return reply.redirect(PAGE, 303);
  });
  app.get(`${PAGE}/confirm`, { preHandler: requireAccount }, async (request, reply) => {
    const token = queryOf(request).get('token') ?? '';
    return renderPage(reply, <ConfirmAddressPage token={token} username={accountOf(request).username} />);
  });
  app.post(`${PAGE}/confirm`, { preHandler: requireAccount }, async (request, reply) => confirm(deps, request, reply));
}

async function showAddress(
  { pool }: AccountDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  said: { typed?: string; problem?: string } = {},
): Promise<FastifyReply> {
  const { id } = accountOf(request);
  const [address, pending] = [await addressOf(pool, id), await pendingAddress(pool, id)];
  return renderPage(reply, <AddressPage address={address} pending={pending} {...said} />);
}

async function giveAddress(deps: AccountDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { id: accountId } = accountOf(request);
  const typed = formOf(request).get('email') ?? '';
  const email = parseAddress(typed);
  if (email === null) {
    const problem = 'That is no address that mail can be sent to.';
    return showAddress(deps, request, reply.code(400), { typed, problem });
  }
  // the address may be somebody else's, so the mails that it gets are limited, whoever asks for them
  await deps.attempts.mail({ accountId, email, ip: request.ip });
  const token = await newMailToken(deps.pool, { accountId, purpose: 'confirm', email });
  deps.mailQueue.add('confirm', async () => [confirmLetter(deps.sender, { to: email, token })]);
  return reply.redirect(PAGE, 303);
}

async function confirm(deps: AccountDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { id: accountId } = accountOf(request);
  const confirmed = await confirmAddress(deps.pool, { accountId, token: formOf(request).get('token') ?? '' });
  if (confirmed.kind === 'not good') throw notGood();
  request.log.info({ account: accountId }, 'address confirmed');
  if (confirmed.before !== null && confirmed.before !== confirmed.email)
    deps.notifyAddress(confirmed.before, 'address changed');
  return reply.redirect('/account?done=address', 303);
}

const notGood = (): Problem =>
  new Problem(400, 'This link is not good any more, or is not for this account. Ask for another mail.', {
    title: 'Not confirmed',
    next: { href: PAGE, label: 'Your e-mail address' },
  });
