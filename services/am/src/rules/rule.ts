import { z } from 'zod';

/** What the owner has decided about a kind of request. A pin that is null stands for any. */
export const ruleSchema = z.object({
  connectionId: z.string().nullable(),
  linkId: z.string().nullable(),
  scope: z.string().nullable(),
  effect: z.enum(['allow', 'ask', 'deny']),
});
export type Rule = z.infer<typeof ruleSchema>;
export type Effect = Rule['effect'];
