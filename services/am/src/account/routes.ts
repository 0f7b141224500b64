import { accounts, pages } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';

/** Signing up, in and out. Who signs up becomes an owner. */
export async function accountFeature(
  app: FastifyInstance,
  { pool, prisma }: Pick<Deps, 'pool' | 'prisma'>,
): Promise<void> {
  await pages(app, async (scope) => {
    await scope.register(accounts, {
      pool,
      async onSignUp({ id }) {
        await prisma.owner.createMany({ data: [{ id }], skipDuplicates: true });
      },
    });
  });
}
