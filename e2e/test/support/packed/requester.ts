// Reader: a Requester of a few lines, run from packed packages. It exits when its standard input ends.
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { createOutbound } from '@chatelaine/outbound-http';
import { createMemoryStore, createRequester, createVault, generateSigningKey } from '@chatelaine/requester-kit';

const { ISSUER = '', REACHABLE = '' } = process.env;
const owner = 'the one user';
const outbound = createOutbound({
  demo: true,
  exceptions: REACHABLE.split(' ').map((origin) => {
    const { hostname, port } = new URL(origin);
    return { host: hostname, port: Number(port), scheme: 'http', cidr: '127.0.0.0/8' };
  }),
});
const requester = createRequester({
  name: 'Reader',
  redirectUri: `${ISSUER}/callback`,
  registration: { kind: 'document', clientId: `${ISSUER}/client`, jwksUri: `${ISSUER}/jwks` },
  signingKey: generateSigningKey('ES256'),
  store: createMemoryStore({ clock: { now: () => Date.now() / 1000 } }),
  vault: createVault(randomBytes(32)),
  outbound,
  schemes: ['https', 'http'],
});

async function answer(url: URL): Promise<unknown> {
  const resource = url.searchParams.get('resource') ?? '';
  const [connection] = await requester.connections(owner);
  switch (url.pathname) {
    case '/client':
      return requester.clientMetadata();
    case '/jwks':
      return requester.jwks();
    case '/connect':
      return requester.connect({ owner, am: url.searchParams.get('am') ?? '' });
    case '/callback':
      return requester.callback({ owner, url: url.href });
    case '/read': {
      const wanted = { owner, connectionId: connection?.connectionId ?? '', resource, scope: 'recipes.read' };
      const outcome = await requester.fetch(wanted, `${resource}/recipes`);
      return outcome.kind === 'response' ? outcome.response.json() : outcome;
    }
    default:
      return null;
  }
}

const server = http.createServer(async (request, response) => {
  const body = await answer(new URL(request.url ?? '/', ISSUER));
  response.writeHead(body === null ? 404 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
server.listen(Number(new URL(ISSUER).port), '127.0.0.1', () => console.log('ready'));
process.stdin.resume().on('end', () => process.exit());
