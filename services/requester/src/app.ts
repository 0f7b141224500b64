import { ping } from '@chatelaine/postgres';
import { sessions } from '@chatelaine/accounts';
import { createServer, migrationsApplied, observed, repeat } from '@chatelaine/service-kit';
import { apiDocs, pages } from '@chatelaine/ui';
import type { FastifyInstance } from 'fastify';
import { account } from './account/routes.ts';
import { connect } from './connect/routes.tsx';
import { published } from './connect/published.ts';
import { type Deps, migrationDirs } from './deps.ts';
import { feed } from './feed/routes.tsx';
import { access } from './oauth/access-routes.tsx';
import { registerAsHost } from './oauth/host.tsx';
import { postsApi } from './posts/api-routes.ts';
import { posts } from './posts/routes.tsx';
import { targets } from './targets/routes.tsx';

/** Styles for this service only. */
const STYLES = `
/* the feed comes last and stands first; beside it, where there is room, what can be done and who has answered */
.flow { display: flex; flex-direction: column }
.flow-feed { order: -2 } .flow-hosts { order: -1; scroll-margin-top: 1rem } .flow-post { scroll-margin-top: 1rem }
main:has(.flow) .waiting, .flow:has(.done) :is(.asking, .progress), .flow:has(.done) .flow-hosts:not(:has(li)) {
  display: none }
.what p { margin: .3rem 0 0 } .what .row { margin-top: .5rem }
.flow-post .choices { max-height: 22rem; overflow-y: auto }
.written { white-space: pre-line }
@media (min-width: 56rem) {
  .flow { display: grid; grid-template: auto 1fr / minmax(0, 20rem) minmax(0, 1fr); gap: 0 2rem; align-items: start }
  .flow-feed { grid-area: 1 / 2 / 3 / 3 } .flow-post, .flow-hosts { grid-column: 1 } .flow-post { order: -3 }
}
.stream { list-style: none; margin: 0; padding: 0 } .stream, .flow-feed .notice { max-width: 44rem }
.scopes { list-style: none; margin: .3rem 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem }
.stream p { margin: 0 0 .4rem; white-space: pre-line; font-size: 1.05rem }
.stream .shot { display: block; max-height: 26rem; width: auto; border-radius: 8px; margin: .3rem 0 .6rem;
  background: var(--sunk) }`;

/** The map: every feature, one line each. */
export async function createApp(deps: Deps): Promise<FastifyInstance> {
  const { config, pool } = deps;
  const app = await createServer({
    ...(await observed({ config, name: 'requester', pool })),
    issuer: config.issuer,
    published: ['/jwks', '/client'], // an AM may read them before it answers a call of ours
    ready: {
      database: () => ping(pool),
      keys: () => deps.keys.refresh(),
      migrations: migrationsApplied(pool, migrationDirs),
    },
    site: {
      name: config.name,
      role: 'Requester',
      accent: '#2f5fa8',
      about:
        `${config.name} keeps what you write here, and nothing of your Hosts. ` +
        'It asks your authorization manager for a key each time, and reads from the Host directly.',
      styles: STYLES,
      nav: [
        { href: '/', label: 'Feed' },
        { href: '/connections', label: 'My Hosts' },
        { href: '/posts', label: 'My posts' },
        { href: '/access', label: 'Who has access' },
      ],
    },
  });
  deps.undecidedTerms.add((offer) =>
    app.log.warn(
      { event: 'terms_undecided', ...offer },
      'an owner asks for terms that TERMS_ACCEPTED and TERMS_DECLINED do not decide',
    ),
  );
  app.addHook('onClose', () => deps.close());
  await app.register(sessions, { pool, name: 'requester', key: deps.sessionKeys });
  repeat(app, {
    everySeconds: config.keysReadEverySeconds,
    work: () => deps.keys.refresh(),
    what: 'reading the keys',
  });

  published(app, deps); // what AMs read: /client, /jwks, /icon.png
  await registerAsHost(app, deps); // what makes it a Host as well: links, transfers, the check of each request
  postsApi(app, deps); // the posts, for Requesters, behind that check
  await pages(app, async (people) => {
    await account(people, deps); // /sign-up, /sign-in, /sign-out
    connect(people, deps); // /connect, /callback, /disconnect
    targets(people, deps); // /connections: which Hosts each one opens
    posts(people, deps); // /posts: what is written and stored here
    access(people, deps); // /access: who may read it
    apiDocs(people); // /docs: for developers
    feed(people, deps); // /, /entries, /posted, /picture: what the Hosts have, merged; posting to them
  });
  return app;
}
