import type { ApiOperation } from '@chatelaine/host-kit';
import { z } from 'zod';
import { newEntrySchema } from './entry.ts';

const entrySchema = z.object({
  id: z.string(),
  text: z.string(),
  date: z.iso.date(),
  picture: z.object({ type: z.string() }).optional().describe('Only when it has one.'),
});

/** The API of this service, for its OpenAPI document. */
export const ENTRY_OPERATIONS: readonly ApiOperation[] = [
  {
    method: 'get',
    path: '/api/entries',
    summary: "The owner's entries, newest first (scope entries.read)",
    security: 'dpop',
    answer: { status: 200, schema: z.object({ entries: z.array(entrySchema) }), description: 'At most 500' },
    codes: ['insufficient_scope'],
    errors: [401, 403, 503],
  },
  {
    method: 'post',
    path: '/api/entries',
    summary: 'Add an entry (scope entries.write)',
    security: 'dpop',
    json: newEntrySchema,
    answer: { status: 201, schema: entrySchema, description: 'The entry' },
    codes: ['invalid_request', 'insufficient_scope'],
    errors: [400, 401, 403, 409, 413, 415, 503],
  },
  {
    method: 'get',
    path: '/api/entries/{id}/picture',
    summary: 'The picture of an entry (scope entries.read)',
    security: 'dpop',
    answer: { status: 200, description: 'Its bytes, as the type they are' },
    codes: ['insufficient_scope'],
    errors: [401, 403, 404, 503],
  },
];
