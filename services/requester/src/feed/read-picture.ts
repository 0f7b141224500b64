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
 * A picture of an entry, fetched from its Host with a token, as the entry was. The Host's content type is not trusted:
 * only bytes that begin as a picture does are passed on. Null if there is none, or the AM or the Host does not permit
 * it.
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
