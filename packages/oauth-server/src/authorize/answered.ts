import { sha256 } from '@chatelaine/crypto';
import { LIFETIME } from '@chatelaine/protocol';
import type { ServerDeps } from '../deps.ts';
import { openAnswer } from './kept-answer.ts';
import { requestHash } from './request-hash.ts';

/** What became of a request that is over. */
export type AnsweredRequest =
  /** The very same answer, sent once more while it was under way: it goes the same way. */
  | { readonly kind: 'again'; readonly to: string }
  /**
   * There is nothing to hand out any more: the same answer, but too late or its code is used; or another answer, or
   * none.
   */
  | { readonly kind: 'answered'; readonly redirectUri: string; readonly press: 'same' | 'other' }
  /** Expired, of another browser, or never there. */
  | { readonly kind: 'unknown' };

/**
 * Looks at what a browser has answered already. `press`: the answer that it sends now; null when it only comes back.
 */
export async function readAnswered(
  { storage }: Pick<ServerDeps, 'storage'>,
  input: { clientId: string; requestUri: string; browser: string; press: Buffer | null },
): Promise<AnsweredRequest> {
  const { clientId, requestUri, browser, press } = input;
  const read = await storage.readAnswer({
    requestHash: requestHash(requestUri),
    clientId,
    browserHash: sha256(browser),
    withinSeconds: LIFETIME.repeatedAnswer,
  });
  if (read.kind === 'unknown') return read;
  if (press === null || !read.press.equals(press))
    return { kind: 'answered', redirectUri: read.redirectUri, press: 'other' };
  const to = read.sealed === null ? null : openAnswer({ requestUri, browser }, read.sealed);
  return to === null ? { kind: 'answered', redirectUri: read.redirectUri, press: 'same' } : { kind: 'again', to };
}
