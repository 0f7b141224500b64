import { ping } from '@chatelaine/postgres';
import { accounts, sessions } from '@chatelaine/accounts';
import { openSessionKeys, openVault } from '@chatelaine/keys';
import { createServer, migrationsApplied, observed } from '@chatelaine/service-kit';
import { apiDocs, pages } from '@chatelaine/ui';
import { accessFile, endLinks } from '@chatelaine/host-pages';
import type { FastifyInstance } from 'fastify';
import { crashBeforeReply } from './crash-before-reply.ts';
import type { Deps } from './deps.ts';
import { entriesApi } from './entries/api-routes.ts';
import { removeEntries } from './entries/store.ts';
import { exportEntries } from './entries/export.ts';
import { entriesPages } from './entries/page-routes.tsx';
import { homePages } from './home/routes.tsx';
import { accessPages } from './oauth/access-routes.tsx';
import { migrationDirs } from './migration-dirs.ts';
import { ENCRYPTED_COLUMNS, VAULT_LABEL } from './encrypted-columns.ts';
import { hostFeature } from './oauth/host.tsx';
import { managerPages } from './oauth/manager-routes.tsx';

/** The map: every feature of the Host, one line each. */
export async function createApp(deps: Deps): Promise<FastifyInstance> {
  const { config, flavor, pool } = deps;
  const app = await createServer({
    ...(await observed({ config, name: flavor.id, pool })),
    issuer: config.issuer,
    ready: {
      database: () => ping(pool),
      migrations: migrationsApplied(pool, migrationDirs),
    },
    site: {
      name: config.name,
      role: 'Host',
      accent: flavor.accent,
      about:
        `${config.name} keeps your ${flavor.many}. ` +
        'An authorization manager you link may hand out keys to them, as far as you allow here; ' +
        `the ${flavor.many} themselves go from here to the app directly, and you can end it here at any time.`,
      styles: flavor.styles,
      nav: [
        { href: '/entries', label: `Your ${flavor.many}` },
        { href: '/access', label: 'Who has access' },
      ],
    },
  });
  app.addHook('onClose', async () => {
    await deps.prisma.$disconnect();
    await pool.end();
  });
  crashBeforeReply(app, config); // in tests only
  const vault = await openVault({ pool, config, label: VAULT_LABEL, columns: ENCRYPTED_COLUMNS });
  const key = await openSessionKeys({ pool, vault, seed: config.encryptionKey });
  await app.register(sessions, { pool, name: flavor.id, key });
  await hostFeature(app, deps); // what makes it a Host: links, transfers, the check of each request
  entriesApi(app, deps); // for Requesters, behind that check
  await pages(app, async (scope) => {
    await scope.register(accounts, {
      pool,
      home: '/entries',
      mail: config.mail,
      async *exported({ id }) {
        yield* exportEntries(deps, id);
        yield accessFile(app, id);
      },
      erasing: {
        end: (id) => endLinks(app, id),
        async erase(id) {
          await removeEntries(deps, id);
          return { kind: 'done' };
        },
      },
      limits: { signUpInAll: { tries: config.signUpsPerHour, seconds: 3600 } },
    }); // /sign-up /sign-in /sign-out
    homePages(scope, deps);
    await entriesPages(scope, deps);
    accessPages(scope, deps);
    managerPages(scope, deps);
    apiDocs(scope); // for developers: /docs
  });
  return app;
}
