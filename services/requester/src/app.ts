import { createServer, pages, sessions } from '@chatelaine/service-kit';
import { deriveKey } from '@chatelaine/crypto';
import type { FastifyInstance } from 'fastify';
import { account } from './account/routes.ts';
import { connect } from './connect/routes.tsx';
import { published } from './connect/published.ts';
import type { Deps } from './deps.ts';
import { feed } from './feed/routes.tsx';
import { targets } from './targets/routes.tsx';

/** The map: every feature, one line each. */
export async function createApp(deps: Deps): Promise<FastifyInstance> {
  const { config, pool } = deps;
  const app = await createServer({
    name: 'requester',
    issuer: config.issuer,
    logLevel: config.logLevel,
    ready: { postgres: () => pool.query('select 1') },
    site: {
      name: config.name,
      role: 'Requester',
      accent: '#7a3e9d',
      nav: [
        { href: '/', label: 'Feed' },
        { href: '/connections', label: 'Connections' },
      ],
    },
  });
  app.addHook('onClose', () => deps.close());
  await app.register(sessions, { pool, name: 'requester', key: deriveKey(config.encryptionKey, 'sessions') });

  published(app, deps); // what AMs read: /client, /jwks
  await pages(app, async (people) => {
    await account(people, deps); // /sign-up, /sign-in, /sign-out
    connect(people, deps); // /connect, /callback, /disconnect
    targets(people, deps); // /connections: which Hosts each one opens
    feed(people, deps); // /, /entries: what the Hosts have, merged
  });
  return app;
}
