import { type Picture, pictureTypeOf } from '@chatelaine/ui';
import type { Deps } from '../deps.ts';
import { pictureUrl, READ } from './entries.ts';

const MOST_BYTES = 2_097_152;

export interface PictureInput {
  readonly owner: string;
  readonly connectionId: string;
  readonly resource: string;
  readonly entry: string;
}

/**
 * A picture of an entry, obtained from its Host with a token as the entry was. The Host is believed in nothing: what is
 * passed on is a picture by its own first bytes. Null when there is none, or none may be had; the AM and the Host
 * decide that, as for every call.
 */
export async function readPicture(
  { requester }: Pick<Deps, 'requester'>,
  input: PictureInput,
): Promise<Picture | null> {
  const { owner, connectionId, resource, entry } = input;
  const request = { owner, connectionId, resource, scope: READ };
  const outcome = await requester.fetch(request, pictureUrl(resource, entry), { maxBytes: MOST_BYTES });
  if (outcome.kind !== 'response' || outcome.response.status !== 200) return null;
  const bytes = new Uint8Array(await outcome.response.arrayBuffer());
  const type = pictureTypeOf(bytes);
  return type === null ? null : { type, bytes };
}
