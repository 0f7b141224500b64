const NOWHERE = 'http://nowhere.invalid';
const LONGEST = 2_000;

/**
 * A path on this site to go back to, or the fallback. Never another origin, however it is spelled: what is returned is
 * what the URL parser made of it.
 */
export function localPath(given: string | undefined, fallback: string): string {
  // control characters and backslashes are what browsers silently drop or turn into slashes
  if (given === undefined || given.length > LONGEST || !/^\/[^\\\p{Cc}]*$/u.test(given)) return fallback;
  const url = URL.parse(given, NOWHERE);
  if (url === null || url.origin !== NOWHERE || url.username !== '' || url.password !== '') return fallback;
  const path = `${url.pathname}${url.search}`;
  // '/.//evil.example' becomes '//evil.example', which a browser reads as another host
  return path.startsWith('//') ? fallback : path;
}
