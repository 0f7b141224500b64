import { OutboundError } from '@chatelaine/outbound-http';
import { PICTURE_TYPES, pictureTypeOf } from '@chatelaine/ui';
import type { Deps } from '../deps.ts';
import { failIcon, keepIcon } from './icon-store.ts';
import { redraw } from './redraw.ts';

export type FetchIconDeps = Pick<Deps, 'pool' | 'outbound' | 'log'>;

const MOST_BYTES = 262_144;
const SECONDS = 5;

/**
 * Fetches an icon from the URI that a client names, as client documents are fetched, and stores it redrawn by a
 * separate process. ADR 0042.
 */
export async function fetchIcon(deps: FetchIconDeps, { uri }: { uri: string }): Promise<void> {
  const bytes = await fetched(deps, uri);
  // the claim expires, and the icon is due again in two minutes
  if (bytes === 'later') return;
  const picture = bytes === null ? null : await redraw(bytes);
  if (picture !== null) return keepIcon(deps, { uri, picture });
  deps.log.info({ event: 'icon_failed', from: new URL(uri).host }, 'an app has no icon that can be shown');
  await failIcon(deps, uri);
}

/** The bytes, if the answer's type and content are a picture's; null if not. */
async function fetched({ outbound }: FetchIconDeps, uri: string): Promise<Uint8Array | 'later' | null> {
  try {
    const answer = await outbound.fetch(uri, {
      headers: { accept: PICTURE_TYPES.join(', ') },
      redirect: 'error',
      maxBytes: MOST_BYTES,
      timeoutSeconds: SECONDS,
    });
    if (answer.status !== 200) return null;
    const [type = ''] = (answer.headers.get('content-type') ?? '').split(';');
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return pictureTypeOf(bytes) === type.trim().toLowerCase() ? bytes : null;
  } catch (error) {
    if (!(error instanceof OutboundError)) throw error;
    return error.reason === 'busy' || error.reason === 'closed' ? 'later' : null;
  }
}
