import { z } from 'zod';

const sentencesSchema = z.record(z.string(), z.string());

/**
 * Scopes with the Host's sentence for each, for people to read; a scope the Host no longer describes stands for itself.
 */
export function scopeSentences(
  host: { transferScopes: unknown },
  scopes: readonly string[],
): { scope: string; sentence: string }[] {
  const parsed = sentencesSchema.safeParse(host.transferScopes);
  const sentences = new Map(Object.entries(parsed.success ? parsed.data : {}));
  return scopes.map((scope) => ({ scope, sentence: sentences.get(scope) ?? scope }));
}

const accessSchema = z.object({ chatelaine_transfer_scope_access: z.record(z.string(), z.enum(['read', 'write'])) });

/** The same with what the Host says that each does: one of which it says nothing counts as writing. PROTOCOL §2.2. */
export function scopesOf(
  host: { transferScopes: unknown; metadata: unknown },
  scopes: readonly string[],
): { scope: string; sentence: string; access: 'read' | 'write' }[] {
  const parsed = accessSchema.safeParse(host.metadata);
  const access = new Map(Object.entries(parsed.success ? parsed.data.chatelaine_transfer_scope_access : {}));
  return scopeSentences(host, scopes).map((one) => ({ ...one, access: access.get(one.scope) ?? 'write' }));
}
