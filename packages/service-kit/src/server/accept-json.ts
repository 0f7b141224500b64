import { invalidRequest, parseJson } from '@chatelaine/protocol';
import type { FastifyInstance } from 'fastify';

/** Accepts JSON, parsed strictly: without duplicate members, and of limited depth. */
export function acceptJson(app: FastifyInstance): void {
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    const parsed = parseJson(body as Buffer);
    if (parsed.kind === 'json') done(null, parsed.value);
    else done(invalidRequest(parsed.reason));
  });
}
