import type { ErrorCode, Issuer } from '@chatelaine/protocol';

/** Where the browser goes back to. Carries `iss` always, in errors too (RFC 9207 §2), and `state` as it came (RFC 6749 §4.1.2). */
export function answerUrl(
  issuer: Issuer,
  to: { redirectUri: string; state: string | null },
  answer: { code: string } | { error: ErrorCode; description: string },
): string {
  const url = new URL(to.redirectUri);
  if ('code' in answer) url.searchParams.append('code', answer.code);
  else {
    url.searchParams.append('error', answer.error);
    url.searchParams.append('error_description', answer.description);
  }
  if (to.state !== null) url.searchParams.append('state', to.state);
  url.searchParams.append('iss', issuer);
  return url.href;
}
