/** 3 to 32 of a-z, 0-9, dot, hyphen and underscore, starting with a letter: no look-alikes, nothing invisible. */
const USERNAME = /^[a-z][a-z0-9._-]{2,31}$/;

export const USERNAME_RULE =
  '3 to 32 characters: letters a to z, digits, dot, hyphen or underscore; the first is a letter.';

/**
 * The username as it is stored and compared, or null when it cannot be one. Capital letters are taken as small ones.
 */
export function parseUsername(given: string): string | null {
  const username = given.trim().toLowerCase();
  return USERNAME.test(username) ? username : null;
}
