import type { FastifyRequest } from 'fastify';

/**
 * Keeps the connection of a request open until there is an answer, for one that may take longer than the timeout of an
 * idle connection.
 */
export function answersLate(request: FastifyRequest): void {
  request.raw.socket.setTimeout(0);
}
