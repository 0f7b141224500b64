import { inTransaction } from '@chatelaine/postgres';
import { canBeShown, formOf, notFound, renderPage } from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { accountOf, requireAccount } from '../accounts/require-account.ts';
import type { AccountDeps } from '../deps.ts';
import { requireFresh } from '../fresh/require-fresh.ts';
import { deviceName } from '../sessions/device-name.ts';
import { currentSessionHash } from '../sessions/sessions.ts';
import { addPasskey, listPasskeys, PASSKEYS_PER_ACCOUNT, removePasskey } from './passkey-store.ts';
import { AddPasskeyPage, PasskeysPage } from './passkeys-page.tsx';
import { userIdOf } from '../accounts/user-id.ts';

const PAGE = '/account/passkeys';
const ADD = `${PAGE}/add`;
const NAME_MAX = 60;

/** /account/passkeys: listing, adding and removing them; and the script that calls the browser. */
export function passkeyRoutes(app: FastifyInstance, deps: AccountDeps): void {
  app.get(PAGE, { preHandler: requireAccount }, async (request, reply) => showPasskeys(deps, request, reply));
  app.get(ADD, { preHandler: requireFresh(deps, ADD) }, async (request, reply) => showAdd(deps, request, reply));
  app.post(ADD, { preHandler: requireFresh(deps, ADD) }, async (request, reply) => add(deps, request, reply));
  app.post(`${PAGE}/remove`, { preHandler: requireFresh(deps, PAGE) }, async (request, reply) =>
    remove(deps, request, reply),
  );
  const { text } = deps.passkeys.script;
  app.get('/passkeys.js', { logLevel: 'warn' }, async (_request, reply) =>
    reply
      .header('cache-control', 'public, max-age=31536000, immutable')
      .type('text/javascript; charset=utf-8')
      .send(text),
  );
}

async function showPasskeys(
  { pool }: AccountDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  problem?: string,
): Promise<FastifyReply> {
  const passkeys = await listPasskeys(pool, accountOf(request).id);
  return renderPage(reply, <PasskeysPage passkeys={passkeys} {...(problem !== undefined && { problem })} />);
}

async function showAdd(
  { pool, passkeys }: AccountDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  said: { name?: string; problem?: string } = {},
): Promise<FastifyReply> {
  const { id, username } = accountOf(request);
  const whose = { userId: userIdOf(id), username, passkeys: await listPasskeys(pool, id) };
  const ask = await passkeys.askToMake({ request, reply }, 'add', whose);
  const { name = deviceName(request.headers['user-agent']), problem } = said;
  return renderPage(reply, <AddPasskeyPage ask={ask} name={name} {...(problem !== undefined && { problem })} />);
}

async function add(deps: AccountDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { id: accountId } = accountOf(request);
  const form = formOf(request);
  const name = (form.get('name') ?? '').trim();
  const again = (problem: string) => showAdd(deps, request, reply.code(400), { name, problem });
  if (name === '' || name.length > NAME_MAX || !canBeShown(name))
    return again(`The name needs 1 to ${NAME_MAX} characters.`);
  const input = { text: form.get('response') ?? '', userId: userIdOf(accountId) };
  const passkey = await deps.passkeys.made({ request, reply }, 'add', input);
  if (passkey === null) return again(NOT_MADE);
  const added = await inTransaction(deps.pool, (db) => addPasskey(db, { accountId, passkey, name }));
  switch (added.kind) {
    case 'added':
      request.log.info({ account: accountId }, 'passkey added');
      deps.notify(accountId, 'passkey added');
      return reply.redirect(PAGE, 303);
    case 'used before':
      return again(NOT_MADE);
    case 'known':
      return again('This passkey is in use already.');
    case 'too many':
      return again(`There are ${PASSKEYS_PER_ACCOUNT} passkeys already. Remove one that you do not use.`);
    default:
      return added satisfies never;
  }
}

const NOT_MADE = 'That was no answer to what was just asked. Try again.';

async function remove(deps: AccountDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { id: accountId } = accountOf(request);
  const id = formOf(request).get('passkey') ?? '';
  const removed = await removePasskey(deps.pool, { accountId, id, session: currentSessionHash(request) });
  switch (removed.kind) {
    case 'removed':
      request.log.info({ account: accountId }, 'passkey removed');
      deps.notify(accountId, 'passkey removed');
      return reply.redirect(PAGE, 303);
    case 'not there':
      throw notFound();
    case 'the last way in':
      return showPasskeys(deps, request, reply.code(400), LAST);
    default:
      return removed satisfies never;
  }
}

const LAST = 'It is the only way to sign in that you have. Add another passkey or set a password first.';
