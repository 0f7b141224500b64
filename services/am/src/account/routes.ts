import { accounts, pages } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';

/** Signing up, in and out. Who signs up becomes an owner. */
export async function accountFeature(
  app: FastifyInstance,
  { pool, prisma, config }: Pick<Deps, 'pool' | 'prisma' | 'config'>,
): Promise<void> {
  await pages(app, async (scope) => {
    await scope.register(accounts, {
      pool,
      limits: { signUpInAll: { tries: config.signUpsPerHour, seconds: 3600 } },
      async onSignUp({ id }) {
        await prisma.owner.createMany({ data: [{ id }], skipDuplicates: true });
      },
    });
  });
}
