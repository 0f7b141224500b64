import type { Deps } from '../deps.ts';
import { entriesUrl, WRITE } from './entries.ts';
import { type Trouble, troubleOf, troubleOfConnection, troubleOfStatus } from './trouble.ts';

export interface PostInput {
  readonly owner: string;
  readonly connectionId: string;
  readonly resource: string;
  readonly text: string;
}

export type Posted =
  | { readonly kind: 'posted' }
  | { readonly kind: 'not_posted'; readonly trouble: Trouble }
  /** Not one of this owner's Hosts. */
  | { readonly kind: 'unknown' };

/** Writes an entry to a Host, one that the AM offers for this connection now. */
export async function postEntry({ requester }: Pick<Deps, 'requester'>, input: PostInput): Promise<Posted> {
  const { owner, connectionId, resource, text } = input;
  const listed = await requester.targets({ owner, connectionId });
  if (listed.kind === 'unknown_connection') return { kind: 'unknown' };
  if (listed.kind !== 'targets') return notPosted(troubleOfConnection(listed, 'The Host'));
  const target = listed.targets.find((one) => one.resource === resource);
  if (target === undefined) return { kind: 'unknown' };
  const am = (await requester.connections(owner)).find((one) => one.connectionId === connectionId)?.am;
  if (am === undefined) return { kind: 'unknown' };
  const outcome = await requester.fetch({ owner, connectionId, resource, scope: WRITE }, entriesUrl(resource), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text }),
  });
  if (outcome.kind !== 'response') return notPosted(troubleOf(outcome, { host: target.name, am }));
  const { status } = outcome.response;
  return status === 200 || status === 201 ? { kind: 'posted' } : notPosted(troubleOfStatus(status, target.name));
}

const notPosted = (trouble: Trouble): Posted => ({ kind: 'not_posted', trouble });
