const LONGEST = 254;
// what mail servers accept without extensions (RFC 5321 §4.1.2, dot-string and domain), in ASCII: none of it can end a
// header or an address
const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LABEL = '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
const TOP_LABEL = '[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]';
const ADDRESS = new RegExp(String.raw`^${ATOM}(\.${ATOM})*@(${LABEL}\.)+${TOP_LABEL}$`);

/**
 * An e-mail address as it is stored and compared, or null if it is not acceptable. The domain is in lower case; the
 * part before it is left as it is, because its server decides what it means.
 */
export function parseAddress(given: string): string | null {
  const address = given.trim();
  if (address.length > LONGEST || !ADDRESS.test(address)) return null;
  const at = address.lastIndexOf('@');
  return at > 64 ? null : `${address.slice(0, at)}@${address.slice(at + 1).toLowerCase()}`;
}
