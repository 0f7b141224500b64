import type { FastifyRequest } from 'fastify';

/** For what may take longer than a silent connection is kept open: it stays open until there is an answer. */
export function answersLate(request: FastifyRequest): void {
  request.raw.socket.setTimeout(0);
}
