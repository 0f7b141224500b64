import type { FastifyReply, FastifyRequest } from 'fastify';
import { goingOn, requireAccount } from '../accounts/require-account.ts';
import type { Pool } from '@chatelaine/postgres';
import { currentSessionHash } from '../sessions/sessions.ts';
import { isFresh } from './fresh-store.ts';

const MINUTE = 60;
/** Seconds. A form that was shown can be sent for a while longer: nobody fills it in in no time. */
const FRESH = { toShow: 10 * MINUTE, toSend: 20 * MINUTE };

/**
 * preHandler of what changes how somebody signs in, or takes everything out or away: whoever proved who they are a
 * while ago does so again first, and comes back to `page`. Never in front of a stop: that must not take a second
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

/** Where somebody proves once more who they are, coming back to a local path. */
export const confirmUrl = (returnTo: string): string => goingOn('/account/confirm', returnTo);
