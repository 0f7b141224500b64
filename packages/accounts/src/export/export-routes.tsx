import { type Account, renderPage } from '@chatelaine/ui';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { accountOf } from '../accounts/require-account.ts';
import type { AccountDeps } from '../deps.ts';
import { requireFresh } from '../fresh/require-fresh.ts';
import { type ExportFile, zipped } from './archive.ts';
import { ExportPage } from './export-page.tsx';
import { readAccountForExport } from './own-file-store.ts';

const PAGE = '/account/export';

/** /account/export: one archive of everything that a service stores about somebody, sent while it is read. */
export function exportRoutes(app: FastifyInstance, deps: AccountDeps): void {
  const fresh = { preHandler: requireFresh(deps, PAGE) };
  app.get(PAGE, fresh, async (_request, reply) => renderPage(reply, <ExportPage />));
  app.post(PAGE, fresh, async (request, reply) => exportAll(deps, request, reply));
}

async function exportAll(deps: AccountDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const account = accountOf(request);
  await deps.attempts.export({ accountId: account.id });
  const archive = zipped(filesOf(deps, account));
  archive.once('error', (err) => request.log.warn({ err, account: account.id }, 'an export broke off'));
  request.log.info({ account: account.id }, 'data exported');
  return reply
    .type('application/zip')
    .header('cache-control', 'no-store')
    .header(
      'content-disposition',
      `attachment; filename="${account.username}-${new Date().toISOString().slice(0, 10)}.zip"`,
    )
    .send(archive);
}

async function* filesOf({ pool, exported }: AccountDeps, account: Account): AsyncGenerator<ExportFile> {
  yield {
    path: 'account.json',
    async *content() {
      yield `${JSON.stringify(await readAccountForExport(pool, account.id), null, 2)}\n`;
    },
  };
  yield* exported(account);
}
