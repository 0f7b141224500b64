import { accounts, type PasswordOptions, pages } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';

/** Signing up, in and out. Who signs up becomes an owner. */
export async function accountFeature(
  app: FastifyInstance,
  { pool, prisma, config, passwords }: Pick<Deps, 'pool' | 'prisma' | 'config'> & { passwords: PasswordOptions },
): Promise<void> {
  await pages(app, async (scope) => {
    await scope.register(accounts, {
      pool,
      passwords,
      limits: { signUpInAll: { tries: config.signUpsPerHour, seconds: 3600 } },
      async onSignUp({ id }) {
        await prisma.owner.createMany({ data: [{ id }], skipDuplicates: true });
      },
    });
  });
}
