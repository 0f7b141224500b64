import { type ErrorCode, formatForm, type Issuer } from '@chatelaine/protocol';

/** The parameters of our answers: a redirect URI that brings its own would be answered with two of a kind. */
export const ANSWER_PARAMETERS = ['code', 'error', 'error_description', 'state', 'iss'] as const;

/**
 * Where the browser goes back to. Carries `iss` always, in errors too (RFC 9207 §2), and `state` as it came (RFC 6749
 * §4.1.2). The redirect URI stays as it was registered, to the letter; what it has as its query is kept (RFC 6749
 * §3.1.2).
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
