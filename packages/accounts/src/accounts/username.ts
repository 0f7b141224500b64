/** 3 to 32 of a-z, 0-9, dot, hyphen and underscore, beginning with a letter, so that no two names look alike. */
const USERNAME = /^[a-z][a-z0-9._-]{2,31}$/;

export const USERNAME_RULE =
  '3 to 32 characters: letters a to z, digits, dot, hyphen or underscore; the first is a letter.';

/** The username as it is stored and compared, in lower case; null if it is not acceptable. */
export function parseUsername(given: string): string | null {
  const username = given.trim().toLowerCase();
  return USERNAME.test(username) ? username : null;
}
