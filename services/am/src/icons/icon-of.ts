import type { RequestExtension } from '@chatelaine/oauth-server';
import type { Deps } from '../deps.ts';
import { shownIcon, wantIcon } from './icon-store.ts';

type IconDeps = Pick<Deps, 'pool' | 'log'> & { readonly config: Pick<Deps['config'], 'icons'> };

/**
 * The id of the icon that is there for a client right now. A page never waits or fails for an icon: without one it has
 * a letter.
 */
export async function iconOf(deps: IconDeps, { logoUri }: { logoUri: string | null }): Promise<string | null> {
  if (logoUri === null || deps.config.icons === 'none') return null;
  try {
    await wantIcon(deps, logoUri);
    return await shownIcon(deps, logoUri);
  } catch (err) {
    deps.log.warn({ err }, 'an icon could not be looked up');
    return null;
  }
}

/** Has the icon of a client fetched as soon as it asks, so that it is there by the time that its owner is asked. */
export function fetchesIcons(deps: IconDeps): RequestExtension {
  return {
    name: 'icons',
    async read({ client }) {
      await iconOf(deps, client);
      return { kind: 'none' };
    },
  };
}
