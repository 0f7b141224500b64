import { z } from 'zod';
import { requestIdSchema } from './tokens.ts';

/** What would change a refusal. PROTOCOL §3.9. */
export const REMEDIES = ['ask_owner', 'wait', 'sign_terms', 'narrow_scope', 'choose_target', 'report'] as const;
export type Remedy = (typeof REMEDIES)[number];

/** Of which request. PROTOCOL §3.9. */
export const refusalsQuerySchema = z.strictObject({
  request_id: requestIdSchema.describe('The request_id that came with the error.'),
});

/** What was refused of one request: several where it was a batch call. PROTOCOL §3.9. */
export const refusalsResponseSchema = z.object({
  refusals: z
    .array(
      z.object({
        /** Epoch seconds. */
        asked_at: z.number().int(),
        resource: z.string().max(2000),
        scope: z.string().max(8192),
        error: z.string().max(100),
        error_description: z.string().max(2000),
        /** What the code means, for people. RFC 6749 §5.2. */
        error_uri: z.string().max(2000),
        // an AM may know another
        remedy: z.enum(REMEDIES).optional().catch(undefined).describe('What would change it.'),
        advice: z.string().max(2000).describe('The same in a sentence, for who writes the program.'),
      }),
    )
    .max(200),
});
export type RefusalsResponse = z.infer<typeof refusalsResponseSchema>;
