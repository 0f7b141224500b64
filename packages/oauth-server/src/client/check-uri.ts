import { isHost, isLoopbackHost, type Schemes } from '@chatelaine/protocol';
import { ANSWER_PARAMETERS } from '../authorize/answer-url.ts';

/**
 * Why a browser must not be sent there, as a sentence; null if it may. RFC 9700 §2.1, RFC 8252 §7: https anywhere, http
 * on loopback only (and on a demo's own names); no fragment, no wildcard, no userinfo.
 */
export function refusalOfRedirectUri(value: string, schemes: Schemes): string | null {
  const why = faultOf(value, schemes);
  return why === null ? null : `A redirect URI ${why}.`;
}

function faultOf(value: string, schemes: Schemes): string | null {
  if (value.includes('#') || value.includes('*') || /[\s\\]/.test(value))
    return 'must not have a fragment, wildcard, space or backslash';
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null) return 'is not an absolute URL';
  if (url.username !== '' || url.password !== '') return 'must not carry user information';
  if (!isHost(url.hostname)) return 'must name a host that DNS could have';
  if (ANSWER_PARAMETERS.some((name) => url.searchParams.has(name))) return 'must not carry a parameter of the answer';
  if (url.protocol === 'https:') return isIpLiteral(url.hostname) ? 'must not name an IP address' : null;
  const demo = schemes.includes('http') && url.hostname.endsWith('.localhost');
  const plain = url.protocol === 'http:' && (isLoopbackHost(url.hostname) || demo);
  return plain ? null : 'must be https, or http on a loopback address';
}

function isIpLiteral(hostname: string): boolean {
  return hostname.startsWith('[') || /^[0-9.]+$/.test(hostname);
}

/** Whether a page or document can have this URL. */
export function isWebUri(value: string, schemes: Schemes): boolean {
  const url = URL.canParse(value) ? new URL(value) : null;
  const known = schemes.some((scheme) => url?.protocol === `${scheme}:`);
  return url !== null && known && url.username === '' && url.password === '' && isHost(url.hostname);
}
