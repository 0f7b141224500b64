import { createServer, pages, sessions } from '@chatelaine/service-kit';
import { deriveKey } from '@chatelaine/crypto';
import type { FastifyInstance } from 'fastify';
import { account } from './account/routes.ts';
import { connect } from './connect/routes.tsx';
import { published } from './connect/published.ts';
import type { Deps } from './deps.ts';
import { feed } from './feed/routes.tsx';
import { targets } from './targets/routes.tsx';

/** The look of what only this service shows. */
const STYLES = `
.stream { list-style: none; margin: 0; padding: 0; max-width: 44rem }
.scopes { list-style: none; margin: .3rem 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem }
.stream p { margin: 0 0 .4rem; white-space: pre-line; font-size: 1.05rem }
.stream .shot { display: block; max-height: 26rem; width: auto; border-radius: 8px; margin: .3rem 0 .6rem; background: var(--sunk) }`;

/** The map: every feature, one line each. */
export async function createApp(deps: Deps): Promise<FastifyInstance> {
  const { config, pool } = deps;
  const app = await createServer({
    name: 'requester',
    issuer: config.issuer,
    logLevel: config.logLevel,
    trustedProxies: config.trustedProxies,
    ready: { postgres: () => pool.query('select 1') },
    site: {
      name: config.name,
      role: 'Requester',
      accent: '#2f5fa8',
      about: `${config.name} keeps nothing of your Hosts. It asks your authorization manager for a key each time, and reads from the Host directly.`,
      styles: STYLES,
      nav: [
        { href: '/', label: 'Feed' },
        { href: '/connections', label: 'My Hosts' },
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
    feed(people, deps); // /, /entries, /picture: what the Hosts have, merged
  });
  return app;
}
