import { z } from 'zod';
import { LIMIT } from './lifetimes.ts';

/** A URI as it travels: printable ASCII (RFC 3986 §2), so that it is the same in a database, a header and a page. */
export const uri = z
  .string()
  .max(LIMIT.uriChars)
  .regex(/^[\x21-\x7e]+$/);

/**
 * Control, formatting (bidirectional overrides, zero width), private-use and lone surrogate characters, and whatever
 * else is invisible (except the selector that turns a character into an emoji): each can make one name look like
 * another, or like none. Joiners are judged separately ({@link JOINER}).
 */
const DECEPTIVE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u2800]|(?!\ufe0f)\p{Default_Ignorable_Code_Point}/u;

/** Signs that suppress a vowel; a joiner after one says how the next letter joins. */
const VIRAMA =
  String.raw`\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d3b\u0d3c` +
  String.raw`\u0d4d\u0dca\u0f84\u1039\u17d2\u1b44\ua9c0`;
const ARABIC = String.raw`\p{Script=Arabic}&&\p{L}`;
/** The Arabic letters that do not join to the next one: a joiner after them would be invisible. */
const ENDS =
  String.raw`\u0621-\u0625\u0627\u0629\u062f-\u0632\u0648\u0671-\u0677\u0688-\u0699` +
  String.raw`\u06c0\u06c3-\u06cb\u06cd\u06cf\u06d2\u06d3\u06d5\u06ee\u06ef`;
/** The ones that do not join to the previous letter either. */
const ALONE = String.raw`\u0621\u0674`;

/**
 * The zero-width joiner and non-joiner where languages and emoji need them, which is where they are visible: after a
 * virama and between Arabic letters that would join (RFC 5892 Appendix A.1, A.2), in the Bengali ya-phalaa after ra,
 * and inside an emoji of several signs. Anywhere else they only serve to pass one name off as another.
 */
const JOINER = [
  String.raw`(?<=[${VIRAMA}])[\u200c\u200d]`,
  String.raw`(?<=[[${ARABIC}]--[${ENDS}]]\p{Mn}*)\u200c(?=\p{Mn}*[[${ARABIC}]--[${ALONE}]])`,
  String.raw`(?<=\u09b0)\u200d(?=\u09cd)`,
  String.raw`(?<=\p{Extended_Pictographic}[\ufe0f\u{1f3fb}-\u{1f3ff}]?)\u200d(?=\p{Extended_Pictographic})`,
].join('|');
const JOINERS = new RegExp(JOINER, 'gv');
const ALL_JOINERS = new RegExp(String.raw`${JOINER}|([\u200c\u200d])`, 'gv');

/** The same text without the joiners that have no effect where they are. */
export const withoutStrayJoiners = (text: string): string =>
  text.replace(ALL_JOINERS, (joiner: string, stray: string | undefined) => (stray === undefined ? joiner : ''));

const isPlain = (text: string): boolean => {
  const rest = text.replace(JOINERS, '');
  return rest.trim() !== '' && !DECEPTIVE.test(rest);
};

/** A stranger's text that people will be shown: nobody has verified that it is true, but it reads as it looks. */
export const displayText = (maxChars: number) => z.string().max(maxChars).refine(isPlain);
