/**
 * The source that a request from this address is counted for: an IPv6 address counts as its /64, and an IPv4 address
 * written as IPv6 as that IPv4 address.
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

/**
 * The network a source belongs to: for IPv6 its /48, which is what one site is given. An IPv4 address stands for
 * itself.
 */
export function networkOf(ip: string): string {
  const source = sourceOf(ip);
  return source.includes(':') ? source.split(':').slice(0, 3).join(':') : source;
}
