import type { ApiOperation } from '@chatelaine/host-kit';
import { z } from 'zod';

const postSchema = z.object({ id: z.string(), text: z.string(), date: z.iso.date() });

/** The API of the posts, for the OpenAPI document. */
export const POST_OPERATIONS: readonly ApiOperation[] = [
  {
    method: 'get',
    path: '/api/entries',
    summary: 'The posts the owner keeps here, newest first (scope entries.read)',
    security: 'dpop',
    answer: { status: 200, schema: z.object({ entries: z.array(postSchema) }), description: 'At most 500' },
    codes: ['insufficient_scope'],
    errors: [401, 403, 503],
  },
];
