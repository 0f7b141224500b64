import { isLoopbackHost } from '@chatelaine/protocol';
import type { Who } from './who.tsx';

/**
 * An address at which the owner finds an app again, or null. It is at the origin of the app's redirect URI, which the
 * owner saw when they connected it: the page that the app names, if that is there, or the front page. A program on a
 * computer or phone has none.
 */
export function wayBack({ redirectUri, clientUri }: Pick<Who, 'redirectUri' | 'clientUri'>): string | null {
  const redirect = redirectUri === null ? null : URL.parse(redirectUri);
  if (redirect === null || (redirect.protocol !== 'https:' && redirect.protocol !== 'http:')) return null;
  if (isLoopbackHost(redirect.hostname)) return null;
  const page = clientUri === null ? null : URL.parse(clientUri);
  return page?.origin === redirect.origin ? page.href : `${redirect.origin}/`;
}
