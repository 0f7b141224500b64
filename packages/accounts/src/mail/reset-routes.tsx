import { keepOpener } from '@chatelaine/service-kit';
import { formOf, Problem, queryOf, renderPage } from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { passwordProblem } from '../accounts/password.ts';
import { localPath } from '../accounts/return-to.ts';
import { parseUsername } from '../accounts/username.ts';
import type { AccountDeps } from '../deps.ts';
import { parseAddress } from './address.ts';
import { accountByUsername, accountsByAddress, type Reachable } from './address-store.ts';
import { resetLetter } from './letters.ts';
import type { Mail } from './mailer.ts';
import { accountOfReset, newMailToken, resetPassword } from './mail-token-store.ts';
import { ForgotPage, ResetDonePage, ResetPage, SentPage } from './reset-page.tsx';

const FORGOT = '/sign-in/forgot';
const RESET = '/sign-in/reset';

/** /sign-in/forgot sends a link to /sign-in/reset, which sets a new password and does nothing else. */
export function resetRoutes(app: FastifyInstance, deps: AccountDeps): void {
  const mail = deps.mailQueue.open ? 'sent' : 'not sent';
  // part of an authorization, like all of signing in, so it keeps the window's opener; the mail does not carry on that
  // authorization
  const onTheWay = { onSend: keepOpener };
  app.get(FORGOT, onTheWay, async (request, reply) => {
    const returnTo = localPath(queryOf(request).get('return_to'), deps.home);
    return renderPage(reply, <ForgotPage mail={mail} returnTo={returnTo} />);
  });
  if (!deps.mailQueue.open) return;
  app.post(FORGOT, onTheWay, async (request, reply) => forgot(deps, request, reply));
  app.get(RESET, async (request, reply) => {
    const token = queryOf(request).get('token') ?? '';
    const account = await accountOfReset(deps.pool, token);
    if (account === null) throw notGood();
    return renderPage(reply, <ResetPage token={token} username={account.username} />);
  });
  app.post(RESET, async (request, reply) => reset(deps, request, reply));
}

/** Answers before it looks anybody up: neither the answer nor its time tells whether there is such an account. */
async function forgot(deps: AccountDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = formOf(request);
  const who = form.get('who') ?? '';
  await deps.attempts.forgot({ ip: request.ip });
  deps.mailQueue.add('reset', async () => {
    const letters = [];
    for (const account of await accountsOf(deps, who)) letters.push(...(await lettersTo(deps, account)));
    return letters;
  });
  return renderPage(reply, <SentPage returnTo={localPath(form.get('return_to'), deps.home)} />);
}

async function accountsOf({ pool }: AccountDeps, who: string): Promise<Reachable[]> {
  const address = parseAddress(who);
  if (address !== null) return accountsByAddress(pool, address);
  const username = parseUsername(who);
  return username === null ? [] : accountByUsername(pool, username);
}

async function lettersTo(deps: AccountDeps, { id: accountId, username, email }: Reachable): Promise<Mail[]> {
  // beyond a few mails an hour none is sent, and whoever asked does not learn of that
  if (!(await deps.attempts.mayMail({ accountId, email }))) return [];
  const token = await newMailToken(deps.pool, { accountId, purpose: 'reset', email });
  return [resetLetter(deps.sender, { to: email, username, token })];
}

async function reset(deps: AccountDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const form = formOf(request);
  const [token, password] = [form.get('token') ?? '', form.get('password') ?? ''];
  const account = await accountOfReset(deps.pool, token);
  if (account === null) throw notGood();
  const problem = passwordProblem(password, account.username);
  if (problem !== null) {
    const view = { token, username: account.username, problem };
    return renderPage(reply.code(400), <ResetPage {...view} />);
  }
  const passwordHash = await deps.passwords.hash(password);
  const done = await resetPassword(deps.pool, { accountId: account.id, token, passwordHash });
  if (done.kind === 'not good') throw notGood();
  request.log.info({ account: account.id }, 'password reset');
  deps.notifyAddress(done.email, 'password reset');
  return renderPage(reply, <ResetDonePage />);
}

const notGood = (): Problem =>
  new Problem(400, 'This link is not good any more: it works once, for 15 minutes, and only the newest one does.', {
    title: 'No new password',
    next: { href: FORGOT, label: 'Ask for another one' },
  });
