import { accounts, type ExportFile, inParts, jsonList } from '@chatelaine/accounts';
import { accessFile, endLinks } from '@chatelaine/host-pages';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { postsAfter, removeAllOf } from '../posts/store.ts';
import { agreementsAfter, removeAgreements } from './agreement-store.ts';

/** This service's own accounts; it accepts no other sign-in. */
export async function account(
  app: FastifyInstance,
  { pool, requester, config }: Pick<Deps, 'pool' | 'requester' | 'config'>,
): Promise<void> {
  await app.register(accounts, {
    pool,
    home: '/',
    mail: config.mail,
    async *exported({ id }) {
      yield* exported({ pool, requester }, id);
      yield accessFile(app, id);
    },
    erasing: {
      async end(owner) {
        const connections = await requester.connections(owner);
        await Promise.all(connections.map(({ connectionId }) => requester.disconnect({ owner, connectionId })));
        await endLinks(app, owner);
      },
      async erase(owner) {
        await removeAllOf({ pool }, owner);
        await removeAgreements({ pool }, owner);
        return { kind: 'done' };
      },
    },
    limits: { signUpInAll: { tries: config.signUpsPerHour, seconds: 3600 } },
  });
}

/** What this service stores of somebody, and which AMs it asks for tokens. */
async function* exported(
  { pool, requester }: Pick<Deps, 'pool' | 'requester'>,
  owner: string,
): AsyncGenerator<ExportFile> {
  const posts = () =>
    inParts((after: string) => postsAfter({ pool }, { owner, after }), { first: '', keyOf: ({ id }) => id });
  yield { path: 'posts.json', content: () => jsonList(posts()) };
  const agreements = () =>
    inParts((after: string) => agreementsAfter({ pool }, { owner, after }), { first: '', keyOf: ({ jti }) => jti });
  yield { path: 'agreements.json', content: () => jsonList(agreements()) };
  yield {
    path: 'connections.json',
    async *content() {
      yield JSON.stringify(await requester.connections(owner));
    },
  };
}
