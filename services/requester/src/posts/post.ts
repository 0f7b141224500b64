import { canBeShown } from '@chatelaine/ui';
import { z } from 'zod';

/**
 * A post as pages and the API show it; `date` is the day it was written, YYYY-MM-DD. It has the members of an entry at
 * the demo's other Hosts.
 */
export interface PostView {
  readonly id: string;
  readonly text: string;
  readonly date: string;
}

/**
 * What an owner can share of the posts that are stored here, with a sentence for each scope. The name is the one that
 * the demo's other Hosts use, so whoever can read those can read these.
 */
export const POST_SCOPES = { 'entries.read': 'Read the posts you keep here' } as const;

export const MAX_POST_CHARS = 2_000;

const textSchema = z.string().trim().min(1).max(MAX_POST_CHARS).refine(canBeShown);

/** The text of a new post as it is stored; null if it is not acceptable. */
export function parsePost(text: string): string | null {
  const parsed = textSchema.safeParse(text.replaceAll('\r\n', '\n'));
  return parsed.success ? parsed.data : null;
}
