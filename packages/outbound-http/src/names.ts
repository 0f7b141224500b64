// names that mean something inside a network only, wherever they would resolve to
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
 * Whether a host name (lower-case, no IP literal) cannot be a stranger's public server: single-label, local by suffix,
 * or rooted with a dot.
 */
export function isLocalName(host: string): boolean {
  if (!host.includes('.') || host.endsWith('.')) return true;
  return LOCAL_SUFFIXES.some((suffix) => host.endsWith(`.${suffix}`));
}
