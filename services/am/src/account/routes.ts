import { accounts, type PasswordOptions } from '@chatelaine/accounts';
import { pages } from '@chatelaine/ui';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { stopEverything } from '../connections/store.ts';
import { eraseOwner, mayHaveMoreToEnd } from './erase-store.ts';
import { addOwner } from '../links/owner-store.ts';
import { NOTIFICATIONS } from '../notices/section.ts';
import { exported } from './export-store.ts';

/** Accounts of owners: signing up makes somebody an owner, and deleting the account ends that. */
export async function accountFeature(
  app: FastifyInstance,
  { pool, config, jobs, passwords }: Pick<Deps, 'pool' | 'config' | 'jobs'> & { passwords: PasswordOptions },
): Promise<void> {
  await pages(app, async (scope) => {
    await scope.register(accounts, {
      pool,
      passwords,
      mail: config.mail,
      sections: [NOTIFICATIONS],
      exported: ({ id }) => exported({ pool }, id),
      erasing: {
        async end(id) {
          if (!(await mayHaveMoreToEnd({ pool }, id))) return;
          const { connections, links } = await stopEverything({ pool }, id);
          if (connections + links > 0) jobs.announceRevocations();
        },
        erase: (id) => eraseOwner({ pool }, id),
      },
      limits: { signUpInAll: { tries: config.signUpsPerHour, seconds: 3600 } },
      onSignUp: ({ id }) => addOwner(pool, id),
    });
  });
}
