/**
 * Whether a browser's push endpoint is at one of these push services. The endpoint's URL comes from the browser, so
 * only its origin is compared; `*` in `https://*.push.example` stands for exactly one label.
 */
export function isPushService(endpoint: string, services: readonly string[]): boolean {
  const url = URL.parse(endpoint);
  if (url === null || url.username !== '' || url.password !== '') return false;
  const below = url.host.slice(url.host.indexOf('.') + 1);
  return services.includes(url.origin) || services.includes(`${url.protocol}//*.${below}`);
}
