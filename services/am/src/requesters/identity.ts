/** Who vouches for a Requester's name: the site that publishes its document, or nobody. */
export function identityOf(clientId: string): string {
  const url = URL.parse(clientId);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:')
    ? url.host
    : 'its own word only (it registered itself)';
}
