import { hashToken, mintToken } from '@chatelaine/crypto';
import type { Deps } from '../deps.ts';
import { askUrl, openAsk } from '../questions/ask-store.ts';
import type { Snapshot, Target } from './decide.ts';
import { openDeferral } from './deferred/deferral-store.ts';
import type { Question, Unanswered } from './outcome.ts';
import type { TransferRequest } from './request.ts';

export type AskOwnerDeps = Pick<Deps, 'config' | 'pool' | 'live'>;

interface Asking {
  readonly request: TransferRequest;
  readonly snapshot: Snapshot;
  readonly target: Target;
}

/** Puts the question to the owner. PROTOCOL §3.7. */
export async function askOwner(
  { config, pool, live }: AskOwnerDeps,
  { request, snapshot, target }: Asking,
): Promise<Question | Extract<Unanswered, { kind: 'stopped' }>> {
  // PROTOCOL §6: a client that knows nothing of questions opens none; it brings the owner here itself
  if (request.subject.kind === 'grant') return { kind: 'interaction_required', asked: null };
  // a poll opens no question: it waits for the answer to one
  if (request.completion === 'poll') return { kind: 'unanswered' };
  const { scopes, purpose } = request;
  const opened = await openAsk(pool, { snapshot, target, scopes, purpose });
  switch (opened.kind) {
    case 'open': {
      if (opened.isNew) live.changed(snapshot.ownerId);
      const asked = { uri: askUrl(config.issuer, opened.id), scopes };
      if (request.completion === 'interaction') return { kind: 'interaction_required', asked };
      const deferralCode = await defer({ pool }, { request, snapshot, askId: opened.id });
      return deferralCode === null ? { kind: 'stopped' } : { kind: 'deferred', asked, deferralCode };
    }
    case 'fewer':
      return { kind: 'allowed_fewer', allowed: opened.allowed };
    case 'too_many':
      return { kind: 'too_many_questions' };
    case 'ended':
      return { kind: 'stopped' };
  }
}

/** A code with which the Requester waits for the answer to this question; null if its connection ended meanwhile. */
async function defer(
  { pool }: Pick<Deps, 'pool'>,
  { request, snapshot, askId }: Omit<Asking, 'target'> & { readonly askId: string },
): Promise<string | null> {
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
