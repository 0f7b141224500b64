import formbody from '@fastify/formbody';
import { parseForm } from '@chatelaine/protocol';
import type { FastifyInstance } from 'fastify';

/** Forms, strictly. formbody calls its parser unguarded, so the parser returns a tagged result and `formOf` refuses. */
export async function acceptForms(app: FastifyInstance): Promise<void> {
  await app.register(formbody, { parser: (text) => ({ form: parseForm(text) }) });
}
