import { canBeShown, type PictureType } from '@chatelaine/ui';
import { z } from 'zod';

/** An entry as the API and pages show it; `date` is a day, YYYY-MM-DD. */
export interface EntryView {
  readonly id: string;
  readonly text: string;
  readonly date: string;
  /** Present if it has one; its bytes are at `…/entries/<id>/picture`. */
  readonly picture?: { readonly type: PictureType };
}

/** The largest picture, in bytes; the table has the same limit. */
export const MAX_PICTURE_BYTES = 2_097_152;

/**
 * What a person or a Requester adds. Unknown members are refused: the content of a misspelt one would be lost silently.
 */
export const newEntrySchema = z.strictObject({
  text: z
    .string('text must be a string.')
    .trim()
    .min(1, 'text must not be empty.')
    .max(2000, 'text may have 2000 characters at most.')
    .refine(canBeShown, 'text holds characters that cannot be kept.'),
  date: z.iso
    .date('date must be a day of the form YYYY-MM-DD.')
    // Postgres and JavaScript agree on these years
    .refine((date) => date >= '1000-01-01', 'date must be a day of the form YYYY-MM-DD.')
    .optional(),
});
export type NewEntry = z.infer<typeof newEntrySchema>;

export type ParsedEntry =
  | { readonly kind: 'entry'; readonly entry: NewEntry }
  | { readonly kind: 'wrong'; readonly problem: string };

/** `problem` is a sentence for the sender. */
export function parseNewEntry(value: unknown): ParsedEntry {
  const parsed = newEntrySchema.safeParse(value);
  if (parsed.success) return { kind: 'entry', entry: parsed.data };
  const issue = parsed.error.issues[0];
  const known = issue?.code === 'unrecognized_keys' || issue?.path.length === 0 ? null : issue?.message;
  return { kind: 'wrong', problem: known ?? 'An entry has the members text and, optionally, date.' };
}
