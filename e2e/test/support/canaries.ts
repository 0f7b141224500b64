import type { Exchange } from '@chatelaine/constellation';

/** A secret that was transmitted, and what kind of secret it was. */
export interface Canary {
  readonly kind: 'token' | 'code' | 'password' | 'verifier' | 'request_uri' | 'state' | 'cookie' | 'jwt' | 'key';
  readonly secret: string;
}

const TOKEN = /cha_([a-z]{2})_[A-Za-z0-9_-]{20,}/g;
const JWT = /eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.([A-Za-z0-9_-]{20,})/g;
const REQUEST_URI = /urn:ietf:params:oauth:request_uri:([A-Za-z0-9_-]{20,})/g;
const COOKIE_VALUE = /[=.]([A-Za-z0-9_-]{20,})/g;

/** All secrets in the recorded traffic between people, Requesters, AM and Hosts. */
export function canariesIn(exchanges: readonly Exchange[]): Canary[] {
  const found = new Map<string, Canary>();
  const add = (kind: Canary['kind'], secret: string | undefined): void => {
    if (secret !== undefined && secret.length >= 12) found.set(secret, { kind, secret });
  };
  for (const { request, response } of exchanges) {
    const said = [
      request.path,
      request.body,
      response.body,
      ...[...request.headers, ...response.headers].map(([, value]) => value),
    ];
    const text = said.flatMap((part) => [part, decode(part)]).join('\n');
    for (const [token, kind] of text.matchAll(TOKEN)) add(kind === 'ac' ? 'code' : 'token', token);
    for (const [, signature] of text.matchAll(JWT)) add('jwt', signature);
    for (const [, secret] of text.matchAll(REQUEST_URI)) add('request_uri', secret);
    for (const params of [new URLSearchParams(request.body), new URL(request.path, 'http://here').searchParams]) {
      add('verifier', params.get('code_verifier') ?? undefined);
      add('state', params.get('state') ?? undefined);
    }
    for (const [name, value] of [...request.headers, ...response.headers]) {
      if (!['cookie', 'set-cookie'].includes(name.toLowerCase())) continue;
      for (const [, secret] of decode(value).matchAll(COOKIE_VALUE)) add('cookie', secret);
    }
  }
  return [...found.values()];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}

/** The canaries that a text contains, in clear or as bytes in hexadecimal or base64. */
export function leakedIn(text: string, canaries: readonly Canary[]): string[] {
  return canaries.flatMap(({ kind, secret }) => {
    const bytes = Buffer.from(secret);
    // in base64, the ends of an encoded value depend on the bytes around it
    const middles = [0, 1, 2].map((at) =>
      bytes.subarray(at, bytes.length - ((bytes.length - at) % 3)).toString('base64'),
    );
    const forms = [secret, bytes.toString('hex'), ...middles];
    const found = (form: string): boolean =>
      text.includes(form) || text.includes(form.replaceAll('+', '-').replaceAll('/', '_'));
    return forms.some(found) ? [`${kind} ${secret.slice(0, 8)}…`] : [];
  });
}
