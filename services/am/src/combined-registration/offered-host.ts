import type { Asked } from '@chatelaine/oauth-server-fastify';
import { LIMIT } from '@chatelaine/protocol';
import { z } from 'zod';

/** The extension's name in a stored request. */
export const COMBINED_REGISTRATION = 'both';

/** Metadata of an AM that supports this. */
export const COMBINED_REGISTRATION_METADATA = { chatelaine_host_grant_supported: true } as const;

/** What is stored with a request until the owner has decided. */
const keptSchema = z.object({
  host: z.string().max(LIMIT.uriChars),
  name: z.string(),
  sentences: z.array(z.string()),
  /** Encrypted, base64url. */
  hostGrant: z.string(),
});
export type Kept = z.infer<typeof keptSchema>;

/** The Requester's own Host, as the owner sees it. */
export type OfferedHost = Omit<Kept, 'hostGrant'>;

/** The Host that a request offers with the connection; null for an ordinary one. */
export function keptIn({ interaction }: Pick<Asked, 'interaction'>): Kept | null {
  const kept = interaction.request.extensions[COMBINED_REGISTRATION];
  return kept === undefined ? null : keptSchema.parse(kept);
}
