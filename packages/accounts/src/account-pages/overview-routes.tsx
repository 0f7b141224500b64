import { queryOf, renderPage } from '@chatelaine/ui';
import type { FastifyInstance } from 'fastify';
import { accountOf, requireAccount } from '../accounts/require-account.ts';
import type { AccountDeps } from '../deps.ts';
import { OverviewPage, type Section } from './overview-page.tsx';
import { readWaysIn, type WaysIn } from './overview-store.ts';

/** /account: an overview of the account, with links to its settings. */
export function overviewRoutes(
  app: FastifyInstance,
  { pool, mailQueue }: Pick<AccountDeps, 'pool' | 'mailQueue'>,
  ofService: readonly Section[],
): void {
  app.get('/account', { preHandler: requireAccount }, async (request, reply) => {
    const { id, username } = accountOf(request);
    const done = DONE[queryOf(request).get('done') ?? ''];
    const own = sectionsOf(await readWaysIn(pool, id), mailQueue);
    const sections = [...own, ...ofService, ...LEAVING];
    return renderPage(reply, <OverviewPage username={username} sections={sections} done={done} />);
  });
}

const DONE: Readonly<Record<string, string>> = {
  password: 'Your password was changed. All other browsers were signed out.',
  address: 'Your e-mail address is confirmed.',
  recovered: 'You signed in with a recovery code, which is used up now. Add a passkey or set a new password.',
};

const sectionsOf = ({ hasPassword, passkeys, recoveryCodes, address }: WaysIn, mail: { open: boolean }): Section[] => [
  {
    href: '/account/passkeys',
    title: 'Passkeys',
    note:
      passkeys === 0 ? 'None yet. They are the safest way to sign in, and the shortest.' : counted(passkeys, 'passkey'),
  },
  {
    href: '/account/password',
    title: 'Password',
    note: hasPassword ? 'Change it.' : 'You have none, and need none. You can set one.',
  },
  {
    href: '/account/recovery',
    title: 'Recovery codes',
    note:
      recoveryCodes === 0
        ? 'None. They let you in when you have lost everything else.'
        : `${counted(recoveryCodes, 'code')} left.`,
  },
  ...(mail.open
    ? [
        {
          href: '/account/email',
          title: 'E-mail address',
          note: address ?? 'None. It is for a new password when you have forgotten yours.',
        },
      ]
    : []),
  { href: '/account/sessions', title: 'Where you are signed in', note: 'Every browser, each to be signed out.' },
];

const LEAVING: readonly Section[] = [
  { href: '/account/export', title: 'Export your data', note: 'Everything that is kept here of you, in one archive.' },
  { href: '/account/delete', title: 'Delete your account', note: 'Everything is ended first, then deleted.' },
];

const counted = (n: number, what: string): string => (n === 1 ? `One ${what}` : `${n} ${what}s`);
