import { z } from 'zod';
import { LIMIT } from './lifetimes.ts';

/** A URI as it travels: printable ASCII (RFC 3986 §2), so that it is the same in a database, a header and a page. */
export const uri = z
  .string()
  .max(LIMIT.uriChars)
  .regex(/^[\x21-\x7e]+$/);

/**
 * Control, formatting (bidirectional overrides, zero width), private and lone surrogate characters, and whatever else
 * shows nothing (save the selector that makes a sign an emoji): each makes one name look like another, or like none.
 * Joiners are looked at by themselves ({@link JOINER}).
 */
const DECEPTIVE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u2800]|(?!\ufe0f)\p{Default_Ignorable_Code_Point}/u;

/** Signs that take a vowel away; what joins after one is told by a joiner. */
const VIRAMA =
  String.raw`\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c` +
  String.raw`\u0d4d\u0dca\u0f84\u1039\u17d2\u1b44\ua9c0`;
const ARABIC = String.raw`\p{Script=Arabic}&&\p{L}`;
/** Of these, what joins nothing after it: a joiner there would not show. */
const ENDS =
  String.raw`\u0621-\u0625\u0627\u0629\u062f-\u0632\u0648\u0671-\u0677\u0688-\u0699` +
  String.raw`\u06c0\u06c3-\u06cb\u06cd\u06cf\u06d2\u06d3\u06d5\u06ee\u06ef`;
/** And what joins nothing before it, either. */
const ALONE = String.raw`\u0621\u0674`;

/**
 * The zero-width joiner and non-joiner where languages and emoji need them, which is where they show: after a virama
 * and between Arabic letters that would join (RFC 5892 Appendix A.1, A.2), in the Bengali ya-phalaa after ra, and
 * between the signs that one emoji is made of. Anywhere else they only make one name pass for another.
 */
const JOINER = [
  String.raw`(?<=[${VIRAMA}])[\u200c\u200d]`,
  String.raw`(?<=[[${ARABIC}]--[${ENDS}]]\p{Mn}*)\u200c(?=\p{Mn}*[[${ARABIC}]--[${ALONE}]])`,
  String.raw`(?<=\u09b0)\u200d(?=\u09cd)`,
  String.raw`(?<=\p{Extended_Pictographic}[\ufe0f\u{1f3fb}-\u{1f3ff}]?)\u200d(?=\p{Extended_Pictographic})`,
].join('|');
const JOINERS = new RegExp(JOINER, 'gv');
const ALL_JOINERS = new RegExp(String.raw`${JOINER}|([\u200c\u200d])`, 'gv');

/** The same text without the joiners that mean nothing where they are. */
export const withoutStrayJoiners = (text: string): string =>
  text.replace(ALL_JOINERS, (joiner: string, stray: string | undefined) => (stray === undefined ? joiner : ''));

const isPlain = (text: string): boolean => {
  const rest = text.replace(JOINERS, '');
  return rest.trim() !== '' && !DECEPTIVE.test(rest);
};

/**
 * A text of a stranger that people will be shown: nobody has verified that it is true, but it looks like what it says.
 */
export const displayText = (maxChars: number) => z.string().max(maxChars).refine(isPlain);
