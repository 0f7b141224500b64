// NUL never reaches Postgres, and no other control character reaches a page
// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the point
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/;

/** Whether a text of any number of lines can be stored and shown as it was written. */
export const canBeShown = (text: string): boolean => text.isWellFormed() && !CONTROL.test(text);
