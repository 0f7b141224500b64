// names that have a meaning inside a network only, whatever they resolve to
const LOCAL_SUFFIXES = [
  'localhost', // RFC 6761 §6.3
  'local', // RFC 6762 §3
  'internal', // reserved for private use; holds metadata.google.internal
  'home.arpa', // RFC 8375
  'svc', // Kubernetes
  'lan',
  'home',
  'corp',
  'intranet',
  'private',
  'onion', // RFC 7686
  'invalid', // RFC 6761 §6.4
];

/**
 * Whether a host name (in lower case, not an IP literal) cannot be that of a stranger's public server: it has a single
 * label, a local suffix, or a final dot.
 */
export function isLocalName(host: string): boolean {
  if (!host.includes('.') || host.endsWith('.')) return true;
  return LOCAL_SUFFIXES.some((suffix) => host.endsWith(`.${suffix}`));
}
