import { randomUUID } from 'node:crypto';
import { chatelaineHost, type HostOptions } from '@chatelaine/host-kit';
import { parseCookie } from 'cookie';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';

const SIGN_IN = `<!doctype html><title>Recipes</title><h1>Sign in</h1><form method="post" action="/sign-in">
<input type="hidden" name="return_to" value="RETURN_TO">
<input name="username"><input name="password"><button>Sign in</button></form>`;
const KITCHEN =
  '<!doctype html><title>Recipes</title><h1>Your recipes</h1>' +
  '<form method="post" action="/recipes"><input name="recipe"><button>Keep</button></form>';

/** What the operator of Recipes configures. */
export type TinyHostOptions = Pick<HostOptions, 'issuer' | 'pool' | 'checks' | 'outboundExceptions' | 'demo'>;

/**
 * Recipes: an app with its own accounts, session cookie, body parser and error page. The second half of the function is
 * all it takes to become a Host.
 */
export async function openTinyHost(options: TinyHostOptions): Promise<FastifyInstance> {
  const app = Fastify({ pluginTimeout: 0 });
  const sessions = new Map<string, string>();
  const recipes = new Map<string, string[]>();
  const userOf = ({ headers }: FastifyRequest) =>
    sessions.get(parseCookie(headers.cookie ?? '')['recipes'] ?? '') ?? null;
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_: unknown, body: string) => Object.fromEntries(new URLSearchParams(body)),
  );
  app.setErrorHandler((_error, _request, reply) =>
    reply.code(500).type('text/plain').send('Recipes burned something.'),
  );
  app.get<{ Querystring: { return_to?: string } }>('/sign-in', async ({ query }, reply) => {
    const returnTo = (query.return_to ?? '/').replaceAll(/[&"<]/g, (character) => `&#${character.charCodeAt(0)};`);
    return reply.type('text/html').send(SIGN_IN.replace('RETURN_TO', () => returnTo));
  });
  app.post<{ Body: { username: string; return_to: string } }>('/sign-in', async ({ body }, reply) => {
    const id = randomUUID();
    sessions.set(id, `user-${body.username}`);
    const to = /^\/(?![/\\])/.test(body.return_to) ? body.return_to : '/';
    return reply.header('set-cookie', `recipes=${id}; HttpOnly; SameSite=Lax; Path=/`).redirect(to, 303);
  });
  app.get('/', async (_, reply) => reply.type('text/html').send(KITCHEN));
  app.post<{ Body: { recipe: string } }>('/recipes', async (request, reply) => {
    const user = userOf(request) ?? '';
    recipes.set(user, [...(recipes.get(user) ?? []), request.body.recipe]);
    return reply.redirect('/', 303);
  });

  await app.register(chatelaineHost, {
    ...options,
    name: 'Recipes',
    scopes: {
      'recipes.read': { sentence: 'Read your recipes', access: 'read' },
      'recipes.write': 'Write recipes for you',
    },
    owner: (request) => {
      const user = userOf(request);
      return user === null ? null : { id: user, label: user };
    },
    signInUrl: (returnTo) => `/sign-in?return_to=${encodeURIComponent(returnTo)}`,
  });
  app.get('/api/recipes', { onRequest: app.chatelaine.requireScope('recipes.read') }, async ({ chatelaine }) => ({
    recipes: recipes.get(chatelaine.owner) ?? [],
    readBy: { requester: chatelaine.requester.name, through: chatelaine.am },
  }));
  app.get('/burn', async () => {
    throw new Error('a mistake in the app');
  });
  app.get('/sharing', async (request) => app.chatelaine.access(userOf(request) ?? ''));
  return app;
}
