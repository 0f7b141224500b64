import {
  accounts,
  createServer,
  migrationsApplied,
  observed,
  openSessionKeys,
  openVault,
  pages,
  sessions,
} from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import { crashBeforeReply } from './crash-before-reply.ts';
import type { Deps } from './deps.ts';
import { entriesApi } from './entries/api-routes.ts';
import { entriesPages } from './entries/page-routes.tsx';
import { homePages } from './home/routes.tsx';
import { accessPages } from './oauth/access-routes.tsx';
import { migrationDirs } from './migration-dirs.ts';
import { SEALED_PLACES, VAULT_LABEL } from './sealed-places.ts';
import { hostFeature } from './oauth/host.tsx';
import { managerPages } from './oauth/manager-routes.tsx';

/** The map: every feature of the Host, one line each. */
export async function createApp(deps: Deps): Promise<FastifyInstance> {
  const { config, flavor, pool } = deps;
  const app = await createServer({
    ...(await observed({ config, name: flavor.id, pool })),
    issuer: config.issuer,
    ready: {
      database: () => pool.query('select 1'),
      migrations: migrationsApplied(pool, migrationDirs),
    },
    site: {
      name: config.name,
      role: 'Host',
      accent: flavor.accent,
      about: `${config.name} keeps your ${flavor.many}. An authorization manager you link may hand out keys to them, as far as you allow here; the ${flavor.many} themselves go from here to the app directly, and you can end it here at any time.`,
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
  const vault = await openVault({ pool, config, label: VAULT_LABEL, places: SEALED_PLACES });
  const key = await openSessionKeys({ pool, vault, seed: config.encryptionKey });
  await app.register(sessions, { pool, name: flavor.id, key });
  await hostFeature(app, deps); // what makes it a Host: links, transfers, the guard
  entriesApi(app, deps); // for Requesters, behind the guard
  await pages(app, async (scope) => {
    await scope.register(accounts, {
      pool,
      home: '/entries',
      limits: { signUpInAll: { tries: config.signUpsPerHour, seconds: 3600 } },
    }); // /sign-up /sign-in /sign-out
    homePages(scope, deps);
    await entriesPages(scope, deps);
    accessPages(scope, deps);
    managerPages(scope, deps);
  });
  return app;
}
