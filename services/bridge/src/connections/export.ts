import type { ExportFile } from '@chatelaine/accounts';
import type { Deps } from '../deps.ts';
import { listAccounts } from '../upstream/index.ts';

/** What an owner has connected here. The credentials are not exported: they were issued to the bridge. */
export function exportServices(deps: Pick<Deps, 'pool'>, owner: string): ExportFile {
  return {
    path: 'services.json',
    async *content() {
      const accounts = await listAccounts(deps, owner);
      const shown = accounts.map(({ service, origin, account, label, granted, shares, state, connectedAt }) => ({
        service,
        origin,
        account,
        label,
        granted,
        shares,
        state,
        connected_at: new Date(connectedAt * 1000).toISOString(),
      }));
      yield Buffer.from(JSON.stringify(shown, null, 2));
    },
  };
}
