import { z } from 'zod';
import { LIMIT } from './lifetimes.ts';

/** A URI as it travels: printable ASCII (RFC 3986 §2), so that it is the same in a database, a header and a page. */
export const uri = z
  .string()
  .max(LIMIT.uriChars)
  .regex(/^[\x21-\x7e]+$/);

/**
 * Control, formatting (bidirectional overrides, zero width), private and lone surrogate characters, and whatever else shows nothing (save
 * the selector that makes a sign an emoji): each makes one name look like another, or like none.
 */
const DECEPTIVE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u2800]|(?!\ufe0f)\p{Default_Ignorable_Code_Point}/u;

/** A text of a stranger that people will be shown: nobody has verified that it is true, but it looks like what it says. */
export const displayText = (maxChars: number) =>
  z
    .string()
    .max(maxChars)
    .refine((text) => text.trim() !== '' && !DECEPTIVE.test(text));
