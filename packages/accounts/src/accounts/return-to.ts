const NOWHERE = 'http://nowhere.invalid';
const LONGEST = 2_000;

/**
 * A path on this site to return to, or the fallback. Never another origin, however it is written: the result is made of
 * the parsed URL.
 */
export function localPath(given: string | undefined, fallback: string): string {
  // browsers drop control characters and turn backslashes into slashes
  if (given === undefined || given.length > LONGEST || !/^\/[^\\\p{Cc}]*$/u.test(given)) return fallback;
  const url = URL.parse(given, NOWHERE);
  if (url === null || url.origin !== NOWHERE || url.username !== '' || url.password !== '') return fallback;
  const path = `${url.pathname}${url.search}`;
  // '/.//evil.example' becomes '//evil.example', which browsers take for another host
  return path.startsWith('//') ? fallback : path;
}
