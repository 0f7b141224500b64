import { accounts } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';

/** Accounts of our own; nobody is signed in here with an account of elsewhere. */
export async function account(app: FastifyInstance, { pool, config }: Pick<Deps, 'pool' | 'config'>): Promise<void> {
  await app.register(accounts, {
    pool,
    home: '/',
    limits: { signUpInAll: { tries: config.signUpsPerHour, seconds: 3600 } },
  });
}
