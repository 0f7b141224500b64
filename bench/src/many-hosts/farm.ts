// Many Hosts in one process: each exists twice, once with host-kit and once with oidc-provider, with the same entry
// behind both. Those of one kind share a database; their tokens, clients and owners have nothing in common. Everybody
// is signed in already at all of them.

import { chatelaineHost } from '@chatelaine/host-kit';
import Fastify from 'fastify';
import pg from 'pg';
import { serve } from '../child.ts';
import { openPlainHost } from './plain-host.ts';
import { ENTRY, type FarmHost, SCOPE } from './farm-host.ts';

const { DATABASE_URL, PLAIN_DATABASE_URL, AM_PORT = '', PLACES = '[]' } = process.env;
const places = JSON.parse(PLACES) as readonly FarmHost[];
const POOL_SIZE = 10;
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: POOL_SIZE });
const plainPool = new pg.Pool({ connectionString: PLAIN_DATABASE_URL, max: POOL_SIZE });
const counted = { host: 0, plain: 0 };

for (const place of places) {
  await openHost(place);
  await openPlainHost({ pool: plainPool, ...place.plain }, () => {
    counted.plain += 1;
  });
}

async function openHost({ name, host: { port, url } }: FarmHost): Promise<void> {
  const app = Fastify({ pluginTimeout: 0 });
  app.addHook('onRequest', async () => {
    counted.host += 1;
  });
  await app.register(chatelaineHost, {
    issuer: url,
    name,
    pool,
    demo: true,
    outboundExceptions: [{ host: 'am.localhost', port: Number(AM_PORT), scheme: 'http', cidr: '127.0.0.0/8' }],
    // the limit is counted in the shared database, where two hundred Hosts would reach what is meant for one
    limits: { documents: { name: 'document', points: 100_000, perSeconds: 60 } },
    scopes: { [SCOPE]: 'Read your entries' },
    owner: () => ({ id: `robin at ${name}`, label: 'robin' }),
    signInUrl: () => '/',
  });
  app.get('/api/entry', { onRequest: app.chatelaine.requireScope(SCOPE) }, async () => ENTRY);
  await app.listen({ port, host: '127.0.0.1' });
}

/** The requests that each kind of server has received so far. */
serve({ counted: async () => counted });
