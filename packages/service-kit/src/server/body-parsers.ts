import formbody from '@fastify/formbody';
import { invalidRequest, parseForm, parseJson } from '@chatelaine/protocol';
import type { FastifyInstance } from 'fastify';

/** Forms, strictly. formbody calls its parser unguarded, so the parser returns a tagged result and `formOf` refuses. */
export async function acceptForms(app: FastifyInstance): Promise<void> {
  await app.register(formbody, { parser: (text) => ({ form: parseForm(text) }) });
}

/** JSON, strictly: no repeated members, no depth without end. */
export function acceptJson(app: FastifyInstance): void {
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    const parsed = parseJson(body as Buffer);
    if (parsed.kind === 'json') done(null, parsed.value);
    else done(invalidRequest(parsed.reason));
  });
}
