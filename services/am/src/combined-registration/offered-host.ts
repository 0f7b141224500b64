import type { Asked } from '@chatelaine/oauth-server-fastify';
import { LIMIT } from '@chatelaine/protocol';
import { z } from 'zod';

/** What the extension is called in a stored request. */
export const COMBINED_REGISTRATION = 'both';

/** What an AM says of itself that does this. */
export const COMBINED_REGISTRATION_METADATA = { chatelaine_host_grant_supported: true } as const;

/** What is kept of a request until the owner has decided. */
const keptSchema = z.object({
  host: z.string().max(LIMIT.uriChars),
  name: z.string(),
  sentences: z.array(z.string()),
  /** Sealed, base64url. */
  hostGrant: z.string(),
});
export type Kept = z.infer<typeof keptSchema>;

/** The Host that the Requester is, too, as the owner sees it. */
export type OfferedHost = Omit<Kept, 'hostGrant'>;

/** What a request brings along beside the connection; null for an ordinary one. */
export function keptIn({ interaction }: Pick<Asked, 'interaction'>): Kept | null {
  const kept = interaction.request.extensions[COMBINED_REGISTRATION];
  return kept === undefined ? null : keptSchema.parse(kept);
}
