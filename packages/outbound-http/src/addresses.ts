import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

// not special by any RFC, yet never a stranger's server: Azure's platform service on every virtual machine
const ALSO_REFUSED = [ipaddr.parseCIDR('168.63.129.16/32')];
// RFC 4291 §2.4: all global unicast there is today. Whatever lies outside translates, tunnels or stays at home
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3');

/** Whether an address is one of the public internet. Everything not known to be is not; so is what is no address. */
export function isPublicAddress(text: string): boolean {
  const address = parseAddress(text);
  if (address === null || address.range() !== 'unicast') return false;
  return address.kind() === 'ipv6'
    ? within(address, GLOBAL_UNICAST)
    : !ALSO_REFUSED.some((cidr) => within(address, cidr));
}

export type Cidr = readonly [Address, number];

/** @throws TypeError when it is not one, or has bits beyond its prefix */
export function parseCidr(text: string): Cidr {
  if (!ipaddr.isValidCIDR(text)) throw new TypeError('An address range is written like 10.1.2.0/24.');
  const [address, prefix] = ipaddr.parseCIDR(text);
  return [address, prefix];
}

export function isInCidr(text: string, cidr: Cidr): boolean {
  const address = parseAddress(text);
  return address !== null && within(address, cidr);
}

/** ::ffff:a.b.c.d is a.b.c.d; other spellings inside IPv6 are not unwrapped but refused by their range. */
function parseAddress(text: string): Address | null {
  return ipaddr.isValid(text) ? ipaddr.process(text) : null;
}

function within(address: Address, [network, prefix]: Cidr): boolean {
  if (address.kind() !== network.kind()) return false;
  return address.match([network, prefix] as [ipaddr.IPv4 & ipaddr.IPv6, number]);
}
