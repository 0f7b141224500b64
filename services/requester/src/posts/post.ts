import { canBeShown } from '@chatelaine/ui';
import { z } from 'zod';

/**
 * A post as everybody sees it who may; `date` is the day it was written, YYYY-MM-DD. The members of an entry at our
 * other Hosts.
 */
export interface PostView {
  readonly id: string;
  readonly text: string;
  readonly date: string;
}

/**
 * What an owner can share of the posts kept here, with a sentence each. The name is the one our other Hosts use: who
 * reads those can read these.
 */
export const POST_SCOPES = { 'entries.read': 'Read the posts you keep here' } as const;

export const MAX_POST_CHARS = 2_000;

const textSchema = z.string().trim().min(1).max(MAX_POST_CHARS).refine(canBeShown);

/** The text of a new post as it is kept, or null when it cannot be. */
export function parsePost(text: string): string | null {
  const parsed = textSchema.safeParse(text.replaceAll('\r\n', '\n'));
  return parsed.success ? parsed.data : null;
}
