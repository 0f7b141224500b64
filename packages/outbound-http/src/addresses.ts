import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

// special by no RFC, yet never a stranger's server: Azure's platform service, the same on every virtual machine
const ALSO_REFUSED = [ipaddr.parseCIDR('168.63.129.16/32')];
// RFC 4291 §2.4: all IPv6 global unicast allocated so far. Addresses outside it are for translation, tunnels or local
// use
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3');

/**
 * Whether an address belongs to the public internet. If that is not certain, or the text is not an address, it does
 * not.
 */
export function isPublicAddress(text: string): boolean {
  const address = parseAddress(text);
  if (address === null || address.range() !== 'unicast') return false;
  return address.kind() === 'ipv6'
    ? within(address, GLOBAL_UNICAST)
    : !ALSO_REFUSED.some((cidr) => within(address, cidr));
}

export type Cidr = readonly [Address, number];

/** @throws TypeError when the text is not a range, or has bits set beyond its prefix */
export function parseCidr(text: string): Cidr {
  if (!ipaddr.isValidCIDR(text)) throw new TypeError('An address range is written like 10.1.2.0/24.');
  const [address, prefix] = ipaddr.parseCIDR(text);
  return [address, prefix];
}

export function isInCidr(text: string, cidr: Cidr): boolean {
  const address = parseAddress(text);
  return address !== null && within(address, cidr);
}

/**
 * `::ffff:a.b.c.d` becomes `a.b.c.d`. Other ways to write an IPv4 address in IPv6 are not unwrapped; their ranges are
 * refused.
 */
function parseAddress(text: string): Address | null {
  return ipaddr.isValid(text) ? ipaddr.process(text) : null;
}

function within(address: Address, [network, prefix]: Cidr): boolean {
  if (address.kind() !== network.kind()) return false;
  return address.match([network, prefix] as [ipaddr.IPv4 & ipaddr.IPv6, number]);
}
