import { isLoopbackHost } from '@chatelaine/protocol';
import type { Who } from './who.tsx';

/**
 * Where the owner finds an app again, or null. Only the origin that its codes go to counts, which the owner was shown
 * when they connected it: the app's page there, or the front page. A program on a computer or phone has none.
 */
export function wayBack({ redirectUri, clientUri }: Pick<Who, 'redirectUri' | 'clientUri'>): string | null {
  const redirect = redirectUri === null ? null : URL.parse(redirectUri);
  if (redirect === null || (redirect.protocol !== 'https:' && redirect.protocol !== 'http:')) return null;
  if (isLoopbackHost(redirect.hostname)) return null;
  const page = clientUri === null ? null : URL.parse(clientUri);
  return page?.origin === redirect.origin ? page.href : `${redirect.origin}/`;
}
