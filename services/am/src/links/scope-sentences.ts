import { z } from 'zod';

const sentencesSchema = z.record(z.string(), z.string());

/** Scopes with the Host's sentence for each, for people to read; a scope the Host no longer describes stands for itself. */
export function scopeSentences(
  host: { transferScopes: unknown },
  scopes: readonly string[],
): { scope: string; sentence: string }[] {
  const parsed = sentencesSchema.safeParse(host.transferScopes);
  const sentences = new Map(Object.entries(parsed.success ? parsed.data : {}));
  return scopes.map((scope) => ({ scope, sentence: sentences.get(scope) ?? scope }));
}
