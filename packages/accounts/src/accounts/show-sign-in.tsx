import { renderPage } from '@chatelaine/ui';
import type { FastifyReply } from 'fastify';
import type { AccountDeps } from '../deps.ts';
import type { Visit } from '../passkeys/passkeys.ts';
import { SignInPage, type SignInView, SignUpPage, type SignUpView } from './sign-in-page.tsx';
import { newUserId } from './user-id.ts';

/** The page at which somebody signs in, with a challenge for whatever passkey their browser has. */
export async function showSignIn(
  { passkeys }: Pick<AccountDeps, 'passkeys'>,
  at: Visit,
  view: Omit<SignInView, 'ask'>,
): Promise<FastifyReply> {
  const ask = { ...(await passkeys.askToSign(at, 'sign-in')), autofill: true };
  return renderPage(at.reply, <SignInPage {...view} ask={ask} />);
}

/**
 * The page at which somebody signs up. A passkey that was made for a name that is taken is replaced by the next one, of
 * the same user id.
 */
export async function showSignUp(
  { passkeys }: Pick<AccountDeps, 'passkeys'>,
  at: Visit,
  { userId = newUserId(), ...view }: Omit<SignUpView, 'ask' | 'userId'> & { userId?: string },
): Promise<FastifyReply> {
  // the script tells the browser the name that is typed
  const ask = await passkeys.askToMake(at, 'sign-up', { userId, username: 'you', passkeys: [] });
  return renderPage(at.reply, <SignUpPage {...view} ask={ask} userId={userId} />);
}
