import formbody from '@fastify/formbody';
import { parseForm } from '@chatelaine/protocol';
import type { FastifyInstance } from 'fastify';

/**
 * Accepts forms, parsed strictly. The plugin does not catch what its parser throws, so the parser returns a union and
 * `formOf` refuses.
 */
export async function acceptForms(app: FastifyInstance): Promise<void> {
  await app.register(formbody, { parser: (text) => ({ form: parseForm(text) }) });
}
