import { hashToken, successorOf } from '@chatelaine/crypto';
import type { ServerDeps, SuccessorKeys } from '../deps.ts';
import type { Descendant } from '../storage.ts';

/** A refresh token as it was received, in clear. */
export interface Shown {
  readonly value: string;
  readonly grantId: string;
  readonly generation: number;
  readonly bucket: number;
}

/** The successor of a refresh token: the same for everybody who asks, as long as the key is. PROTOCOL §6. */
export function nextOf(
  deps: Pick<ServerDeps, 'successorKeys'>,
  { value, grantId, generation, bucket }: Shown,
): { token: string; keyId: number } {
  const { id: keyId, key } = keysOf(deps).current;
  return { keyId, token: successorOf({ key, predecessor: value, grantId, generation: generation + 1, bucket }) };
}

/** What became of a refresh token that was replaced, step by step from the one that was shown. */
export async function newestOf(
  deps: Pick<ServerDeps, 'successorKeys'>,
  { value, grantId, generation, bucket }: Shown,
  { keyId, descendants }: { keyId: number; descendants: readonly Descendant[] },
): Promise<string> {
  const keys = keysOf(deps);
  const replaced = new Map(descendants.map((one) => [one.hash.toString('hex'), one.keyId]));
  let newest = value;
  let next: number | undefined = keyId;
  for (let n = generation + 1; next !== undefined; n += 1) {
    const key = await keys.find(next);
    if (key === null) throw new Error(`the key ${next} of refresh tokens is gone while a token needs it`);
    newest = successorOf({ key, predecessor: newest, grantId, generation: n, bucket });
    next = replaced.get(hashToken(newest).toString('hex'));
  }
  return newest;
}

function keysOf({ successorKeys }: Pick<ServerDeps, 'successorKeys'>): SuccessorKeys {
  if (successorKeys === undefined) throw new Error('refresh tokens are replaced here: the server needs keys for that');
  return successorKeys;
}
