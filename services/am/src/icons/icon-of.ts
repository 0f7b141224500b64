import type { RequestExtension } from '@chatelaine/oauth-server';
import type { Deps } from '../deps.ts';
import { shownIcon, wantIcon } from './icon-store.ts';

type IconDeps = Pick<Deps, 'pool' | 'log'> & { readonly config: Pick<Deps['config'], 'icons'> };

/**
 * The id of a client's icon, if it is stored already. A page never waits or fails for an icon: without one, it shows a
 * letter.
 */
export async function iconOf(deps: IconDeps, client: Iconic): Promise<string | null> {
  return lookedUp(deps, client, async (uri) => {
    await wantIcon(deps, uri);
    return shownIcon(deps, uri);
  });
}

/** Fetches a client's icon when its request arrives, so that it is stored by the time the owner is asked. */
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

/** Runs `look` with the URI of a client's icon; null if it has none, or that failed. */
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
