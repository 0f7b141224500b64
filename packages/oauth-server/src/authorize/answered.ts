import { sha256 } from '@chatelaine/crypto';
import { LIFETIME } from '@chatelaine/protocol';
import type { ServerDeps } from '../deps.ts';
import { decryptAnswer } from './kept-answer.ts';
import { requestHash } from './request-hash.ts';

/** What became of a request that is over. */
export type AnsweredRequest =
  /** The very same answer, sent again while it was being processed: it has the same result. */
  | { readonly kind: 'again'; readonly to: string }
  /**
   * Nothing can be handed out any more: it is the same answer, but too late or its code is used; or it is another
   * answer, or none.
   */
  | { readonly kind: 'answered'; readonly redirectUri: string; readonly press: 'same' | 'other' }
  /** Expired, begun in another browser, or never there. */
  | { readonly kind: 'unknown' };

/**
 * Looks up how this browser has answered already. `press`: a hash of the answer it is sending now; null when it only
 * comes back.
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
  const to = read.encrypted === null ? null : decryptAnswer({ requestUri, browser }, read.encrypted);
  return to === null ? { kind: 'answered', redirectUri: read.redirectUri, press: 'same' } : { kind: 'again', to };
}
