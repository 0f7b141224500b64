// Recipes, run from packed packages. It exits when its standard input ends.
import pg from 'pg';
import { openTinyHost } from '../tiny-host.ts';

const { ISSUER = '', DATABASE_URL, AM = '' } = process.env;
const am = new URL(AM);
const recipes = await openTinyHost({
  issuer: ISSUER,
  pool: new pg.Pool({ connectionString: DATABASE_URL }),
  demo: true,
  outboundExceptions: [{ host: am.hostname, port: Number(am.port), scheme: 'http', cidr: '127.0.0.0/8' }],
});
await recipes.listen({ port: Number(new URL(ISSUER).port), host: '127.0.0.1' });
process.stdin.resume().on('end', () => process.exit());
console.log('ready');
