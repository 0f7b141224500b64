import { hashToken, mintToken } from '@chatelaine/crypto';
import {
  authorizationPending,
  BAD_TOKEN_TEXT,
  formatScope,
  interactionRequired,
  invalidRequest,
  LIFETIME,
  type OAuthError,
  tooManyRequests,
} from '@chatelaine/protocol';
import { askUrl, openAsk } from '../questions/ask-store.ts';
import type { CallDeps, Hop } from './call-host.ts';
import { openDeferral } from './deferred/deferral-store.ts';

/** People take their time to answer. */
const QUESTIONS_RETRY_SECONDS = 3600;

type AskDeps = Pick<CallDeps, 'config' | 'pool'>;

/** Puts the question to the owner; what the Requester is told. PROTOCOL §3.7. */
export async function askOwner(deps: AskDeps, hop: Hop): Promise<OAuthError> {
  const { request, snapshot, target } = hop;
  // a poll opens no question: it waits for the answer to one
  if (request.completion === 'poll')
    return authorizationPending('The owner has to be asked.', { extras: { interval: LIFETIME.pollInterval } });
  const { scopes, purpose } = request;
  const asked = await openAsk(deps.pool, { snapshot, target, scopes, purpose });
  switch (asked.kind) {
    case 'open': {
      const extras = { interaction_uri: askUrl(deps.config.issuer, asked.id), scope: formatScope(scopes) };
      if (request.completion === 'interaction') return interactionRequired('The owner has to be asked.', { extras });
      const deferralCode = await defer(deps, hop, asked.id);
      if (deferralCode === null) return stopped();
      return authorizationPending('The owner has been asked.', {
        extras: {
          ...extras,
          deferral_code: deferralCode,
          expires_in: LIFETIME.deferral,
          interval: LIFETIME.pollInterval,
        },
      });
    }
    case 'too_many':
      return tooManyRequests(QUESTIONS_RETRY_SECONDS);
    case 'ended':
      return stopped();
  }
}

/** A code by which the Requester waits for the answer to this question; null when its connection ended meanwhile. */
async function defer({ pool }: AskDeps, { request, snapshot }: Hop, askId: string): Promise<string | null> {
  const { binding, clientId, resource, scopes } = request;
  if (binding.kind !== 'key') throw new Error('a client without a key cannot wait');
  const code = mintToken('dc', snapshot.bucket);
  const opened = await openDeferral(pool, {
    key: { bucket: snapshot.bucket, hash: hashToken(code) },
    connectionId: snapshot.connectionId,
    clientId,
    jkt: binding.jkt,
    resource,
    scopes,
    askId,
  });
  return opened ? code : null;
}

const stopped = (): OAuthError => invalidRequest(BAD_TOKEN_TEXT, { cause: 'stopped meanwhile' });
