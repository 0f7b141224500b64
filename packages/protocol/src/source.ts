/**
 * Who is counted for a request from this address: whoever has one IPv6 address has its /64. An IPv4 address written as
 * IPv6 is that IPv4 address.
 */
export function sourceOf(ip: string): string {
  const bare = ip.replace(/^::ffff:(?=\d+\.)/i, '').split('%', 1)[0] ?? '';
  if (!bare.includes(':')) return bare;
  const [head = '', tail] = bare.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  return [...left, ...Array<string>(zeros).fill('0'), ...right]
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

/** The network that a source is of: its IPv6 /48, which is what a site is given. An IPv4 address stands for itself. */
export function networkOf(ip: string): string {
  const source = sourceOf(ip);
  return source.includes(':') ? source.split(':').slice(0, 3).join(':') : source;
}
