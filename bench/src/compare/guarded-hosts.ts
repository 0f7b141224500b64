// Ten Hosts in one process, each with host-kit in an app of its own, over one database. The API of the first one exists
// three times: behind requireScope, open to everybody, and behind the signature of a DPoP proof alone, which is the
// least that any way of binding a token to a key by RFC 9449 takes.

import { checkDpopProof, systemClock } from '@chatelaine/crypto';
import { chatelaineHost } from '@chatelaine/host-kit';
import fastify from 'fastify';
import pg from 'pg';
import { serve } from '../child.ts';
import { POOL_SIZE } from '../code.ts';
import type { Beside } from '../chain.ts';

const { DATABASE_URL, AM_PORT = '', HOSTS = '[]' } = process.env;
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: POOL_SIZE });
await pool.query('create table if not exists entry (id text primary key, text text not null)');
await pool.query(`insert into entry values ('first', 'A walk along the river.') on conflict do nothing`);
const ENTRY = { name: 'entry', text: 'select id, text from entry where id = $1', values: ['first'] };
const readEntry = async (): Promise<unknown> => (await pool.query(ENTRY)).rows[0];

for (const { name, issuer, port } of JSON.parse(HOSTS) as readonly Beside[]) {
  const app = fastify({ pluginTimeout: 0 });
  await app.register(chatelaineHost, {
    issuer,
    name,
    pool,
    demo: true,
    outboundExceptions: [{ host: 'am.localhost', port: Number(AM_PORT), scheme: 'http', cidr: '127.0.0.0/8' }],
    limits: { documents: { name: 'document', points: 100_000, perSeconds: 60 } },
    scopes: { 'entries.read': 'Read your entries' },
    owner: () => ({ id: `robin at ${name}`, label: 'robin' }),
    signInUrl: () => '/',
  });
  app.get('/api/guarded', { onRequest: app.chatelaine.requireScope('entries.read') }, readEntry);
  app.get('/open', readEntry);
  app.get('/verified', async (request, reply) => {
    const { dpop: headers = [] } = request.raw.headersDistinct;
    const accessToken = request.headers.authorization?.replace(/^DPoP /, '') ?? '';
    const proof = { headers, htm: 'GET', htu: `${issuer}/verified`, accessToken, clock: systemClock };
    if ((await checkDpopProof(proof)).kind !== 'valid') return reply.code(401).send();
    return readEntry();
  });
  await app.listen({ port, host: '127.0.0.1' });
}
serve({});
