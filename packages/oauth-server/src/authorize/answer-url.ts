import { type ErrorCode, formatForm, type Issuer } from '@chatelaine/protocol';

/** The parameters of our answers. A redirect URI that already has one of them would be answered with two. */
export const ANSWER_PARAMETERS = ['code', 'error', 'error_description', 'state', 'iss'] as const;

/**
 * Where the browser is sent back to. Always carries `iss`, also in errors (RFC 9207 §2), and `state` as it was received
 * (RFC 6749 §4.1.2). The redirect URI stays as registered, to the letter, and keeps its own query (RFC 6749 §3.1.2).
 */
export function answerUrl(
  issuer: Issuer,
  to: { redirectUri: string; state: string | null },
  answer: { code: string } | { error: ErrorCode; description: string },
): string {
  const said =
    'code' in answer ? { code: answer.code } : { error: answer.error, error_description: answer.description };
  const query = formatForm({ ...said, state: to.state ?? undefined, iss: issuer });
  return `${to.redirectUri}${to.redirectUri.includes('?') ? '&' : '?'}${query}`;
}
