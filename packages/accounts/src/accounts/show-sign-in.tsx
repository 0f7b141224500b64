import { renderPage } from '@chatelaine/ui';
import type { FastifyReply } from 'fastify';
import type { AccountDeps } from '../deps.ts';
import type { Visit } from '../passkeys/passkeys.ts';
import { SignInPage, type SignInView, SignUpPage, type SignUpView } from './sign-in-page.tsx';
import { newUserId } from './user-id.ts';

/** The sign-in page, with a challenge that any passkey in the browser may sign. */
export async function showSignIn(
  { passkeys }: Pick<AccountDeps, 'passkeys'>,
  at: Visit,
  view: Omit<SignInView, 'ask'>,
): Promise<FastifyReply> {
  const ask = { ...(await passkeys.askToSign(at, 'sign-in')), autofill: true };
  return renderPage(at.reply, <SignInPage {...view} ask={ask} />);
}

/**
 * The sign-up page. If the username turns out to be taken, the next passkey has the same user id and so replaces the
 * one just made.
 */
export async function showSignUp(
  { passkeys }: Pick<AccountDeps, 'passkeys'>,
  at: Visit,
  { userId = newUserId(), ...view }: Omit<SignUpView, 'ask' | 'userId'> & { userId?: string },
): Promise<FastifyReply> {
  // the script passes the username that is typed to the browser
  const ask = await passkeys.askToMake(at, 'sign-up', { userId, username: 'you', passkeys: [] });
  return renderPage(at.reply, <SignUpPage {...view} ask={ask} userId={userId} />);
}
