import { createFailpoints } from '@chatelaine/service-kit';
import type { FastifyInstance } from 'fastify';
import type { Config } from './config.ts';

/** In tests of crashes: exits just before an endpoint answers; which one it is shows in the answer's members. */
export function crashBeforeReply(app: FastifyInstance, { failpoints }: Pick<Config, 'failpoints'>): void {
  if (failpoints.length === 0) return;
  const failpoint = createFailpoints(failpoints);
  app.addHook('onSend', async (request, reply, payload) => {
    if (request.method !== 'POST' || reply.statusCode !== 200) return;
    const answer = typeof payload === 'string' ? payload : '';
    if (request.url === '/token' && answer.includes('"issued_token_type"')) await failpoint('transfer.minted');
    if (request.url === '/token' && answer.includes('"refresh_token"')) await failpoint('link.issued');
    if (request.url === '/revoke') await failpoint('end.committed');
  });
}
