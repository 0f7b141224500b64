import { issuerFromAddress } from '@chatelaine/protocol';
import { requireAccount } from '@chatelaine/accounts';
import { formOf, renderPage } from '@chatelaine/ui';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { GoToManagerPage, ManagerPage } from './manager-page.tsx';

/**
 * Leads from here to "add a Host" at a person's AM. Nothing is fetched: it only fills in the AM's form. PROTOCOL §2.2.
 */
export function managerPages(app: FastifyInstance, { config, flavor }: Pick<Deps, 'config' | 'flavor'>): void {
  app.get('/access/manager', { preHandler: requireAccount }, async (_request, reply) =>
    renderPage(reply, <ManagerPage flavor={flavor} address="" />),
  );
  app.post('/access/manager', { preHandler: requireAccount }, async (request, reply) => {
    const address = formOf(request).get('am') ?? '';
    const am = issuerFromAddress(address, config.demo ? ['https', 'http'] : ['https']);
    if (am !== null && am !== config.issuer)
      return renderPage(reply, <GoToManagerPage am={am} issuer={config.issuer} />);
    const problem =
      am === null
        ? 'That is not the address of an authorization manager. It looks like am.example.'
        : 'That is the address of this service itself. Enter the one of your authorization manager.';
    return renderPage(reply.code(400), <ManagerPage flavor={flavor} address={address} problem={problem} />);
  });
}
