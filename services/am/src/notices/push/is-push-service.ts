/**
 * Whether a browser's endpoint is at one of these push services. Somebody else chose it, so its origin is all that
 * counts; `https://*.push.example` is any one label below that.
 */
export function isPushService(endpoint: string, services: readonly string[]): boolean {
  const url = URL.parse(endpoint);
  if (url === null || url.username !== '' || url.password !== '') return false;
  const below = url.host.slice(url.host.indexOf('.') + 1);
  return services.includes(url.origin) || services.includes(`${url.protocol}//*.${below}`);
}
