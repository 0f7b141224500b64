import { invalidRequest, OAuthError } from '@chatelaine/protocol';
import { sendPicture } from '@chatelaine/ui';
import type { FastifyInstance } from 'fastify';
import type { Deps } from '../deps.ts';
import { parseNewEntry } from './entry.ts';
import { addEntry, findPicture, listEntries } from './store.ts';

/** The API: what Requesters call with a token of this Host. PROTOCOL §4. */
export function entriesApi(app: FastifyInstance, deps: Pick<Deps, 'prisma' | 'pool' | 'clock' | 'config'>): void {
  const { requireScope } = app.chatelaine;
  app.get('/api/entries', { onRequest: requireScope('entries.read') }, async (request, reply) => {
    reply.header('cache-control', 'no-store');
    return { entries: await listEntries(deps, request.chatelaine.owner) };
  });
  app.get<{ Params: { id: string } }>(
    '/api/entries/:id/picture',
    { onRequest: requireScope('entries.read') },
    async (request, reply) => {
      const picture = await findPicture(deps, { owner: request.chatelaine.owner, entry: request.params.id });
      if (picture === null)
        throw new OAuthError('invalid_request', 'There is no such picture, or it is not this owner’s.', {
          status: 404,
        });
      return sendPicture(reply, picture);
    },
  );
  app.post('/api/entries', { onRequest: requireScope('entries.write') }, async (request, reply) => {
    const parsed = parseNewEntry(request.body);
    if (parsed.kind === 'wrong') throw invalidRequest(parsed.problem);
    const { owner, requester, am } = request.chatelaine;
    const entry = await addEntry(deps, { owner, entry: parsed.entry });
    if (entry === null)
      throw new OAuthError('invalid_request', 'The owner keeps as many entries here as one account may.', {
        status: 409,
      });
    request.log.info({ entry: entry.id, owner, requester: requester.id, am }, 'entry added by a requester');
    return reply.code(201).header('cache-control', 'no-store').send(entry);
  });
}
