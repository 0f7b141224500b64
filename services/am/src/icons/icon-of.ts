import type { RequestExtension } from '@chatelaine/oauth-server';
import type { Deps } from '../deps.ts';
import { shownIcon, wantIcon } from './icon-store.ts';

type IconDeps = Pick<Deps, 'pool' | 'log'> & { readonly config: Pick<Deps['config'], 'icons'> };

/**
 * The id of the icon that is there for a client right now. A page never waits or fails for an icon: without one it has
 * a letter.
 */
export async function iconOf(deps: IconDeps, client: Iconic): Promise<string | null> {
  return lookedUp(deps, client, async (uri) => {
    await wantIcon(deps, uri);
    return shownIcon(deps, uri);
  });
}

/** Has the icon of a client fetched as soon as it asks, so that it is there by the time that its owner is asked. */
export function fetchesIcons(deps: IconDeps): RequestExtension {
  return {
    name: 'icons',
    async read({ client }) {
      await lookedUp(deps, client, (uri) => wantIcon(deps, uri));
      return { kind: 'none' };
    },
  };
}

interface Iconic {
  readonly logoUri: string | null;
}

/** Does something about the icon of a client, if it has one; null: it has none, or that failed. */
async function lookedUp<Found>(
  { config, log }: IconDeps,
  { logoUri }: Iconic,
  look: (uri: string) => Promise<Found>,
): Promise<Found | null> {
  if (logoUri === null || config.icons === 'none') return null;
  try {
    return await look(logoUri);
  } catch (err) {
    log.warn({ err }, 'an icon could not be looked up');
    return null;
  }
}
