/** Who vouches for a Requester's name: the site that publishes its document, or nobody. */
export function identityOf(clientId: string): string {
  const url = URL.parse(clientId);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:')
    ? url.host
    : 'its own word only (it registered itself)';
}

/** RFC 8252 §8.6: what listens on a loopback address cannot be told apart from any other program there. */
export function whereItRuns(redirectUri: string): string {
  const { hostname, host } = new URL(redirectUri);
  if (hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]')
    return 'as a program on this computer';
  return `at ${host}`;
}
