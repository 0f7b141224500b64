import { z } from 'zod';

const sentencesSchema = z.record(z.string(), z.string());

/**
 * Scopes with the Host's sentence for each, for people to read. A scope the Host no longer describes is shown by its
 * name.
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

/** The same, with whether each reads or writes; one without a word from the Host counts as writing. PROTOCOL §2.2. */
export function scopesOf(
  host: { transferScopes: unknown; metadata: unknown },
  scopes: readonly string[],
): { scope: string; sentence: string; access: 'read' | 'write' }[] {
  const parsed = accessSchema.safeParse(host.metadata);
  const access = new Map(Object.entries(parsed.success ? parsed.data.chatelaine_transfer_scope_access : {}));
  return scopeSentences(host, scopes).map((one) => ({ ...one, access: access.get(one.scope) ?? 'write' }));
}
