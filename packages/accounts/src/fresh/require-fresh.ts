import type { FastifyReply, FastifyRequest } from 'fastify';
import { withReturnTo, requireAccount } from '../accounts/require-account.ts';
import type { Pool } from '@chatelaine/postgres';
import { currentSessionHash } from '../sessions/sessions.ts';
import { isFresh } from './fresh-store.ts';

const MINUTE = 60;
/** Seconds. A form may be sent for longer than it is shown, because it takes time to fill in. */
const FRESH = { toShow: 10 * MINUTE, toSend: 20 * MINUTE };

/**
 * preHandler for whatever changes how somebody signs in, or exports or deletes their data: people who authenticated a
 * while ago must do so again first, and then come back to `page`. Never use it for a stop, which must not take a second
 * longer.
 */
export function requireFresh({ pool }: { pool: Pool }, page: string) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const sent = await requireAccount(request, reply);
    if (sent !== undefined) return sent;
    const seconds = request.method === 'POST' ? FRESH.toSend : FRESH.toShow;
    if (await isFresh(pool, { session: currentSessionHash(request), seconds })) return undefined;
    return reply.redirect(confirmUrl(page), 303);
  };
}

/** URL of the page where somebody authenticates again, and which returns to a local path. */
export const confirmUrl = (returnTo: string): string => withReturnTo('/account/confirm', returnTo);
