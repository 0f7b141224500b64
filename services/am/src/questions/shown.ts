import { sha256base64url } from '@chatelaine/crypto';
import type { OpenAsk } from './store.ts';

/**
 * A digest of what a question's page shows, because a Requester that asks again may change its purpose, or be given
 * another account. PROTOCOL §3.7.
 */
export function shownOf(ask: OpenAsk): string {
  const { clientId, clientName, selfName, clientUri, redirectUri, isProven } = ask;
  const { connectionId, linkId, jkt, terms, hostName, label, purpose, scopes } = ask;
  const who = [clientId, clientName, selfName, clientUri, redirectUri, isProven];
  const shown = [...who, connectionId, linkId, jkt, terms, hostName, label, purpose];
  return sha256base64url(JSON.stringify([...shown, scopes]));
}
