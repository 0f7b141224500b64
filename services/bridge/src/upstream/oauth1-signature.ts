import { createHmac, sign as signWith } from 'node:crypto';

export type SignatureMethod = 'HMAC-SHA1' | 'HMAC-SHA256' | 'RSA-SHA1' | 'PLAINTEXT';

/** Name and value, decoded. */
export type Parameter = readonly [name: string, value: string];

export interface SignedRequest {
  readonly method: string;
  /** Its query is signed with it. */
  readonly url: URL;
  /**
   * The parameters of a body of type application/x-www-form-urlencoded; other bodies are not signed (RFC 5849
   * §3.4.1.3.1).
   */
  readonly form?: readonly Parameter[];
}

export interface OAuth1Secrets {
  readonly consumerKey: string;
  /** For RSA-SHA1 a private key, as PEM. */
  readonly consumerSecret: string;
  /** The temporary or the token credentials; absent in a request for temporary credentials. */
  readonly token?: string;
  readonly tokenSecret?: string;
}

export interface Freshness {
  readonly nonce: string;
  /** Whole seconds since 1970. */
  readonly timestamp: number;
}

/**
 * The signed `Authorization` header field of a request. RFC 5849 §3.5.1. `more`: `oauth_callback` or `oauth_verifier`.
 */
export function authorizationOf(
  request: SignedRequest,
  input: { method: SignatureMethod; secrets: OAuth1Secrets; fresh: Freshness; more?: readonly Parameter[] },
): string {
  const { method, secrets, fresh, more = [] } = input;
  const oauth: Parameter[] = [
    ['oauth_consumer_key', secrets.consumerKey],
    ...(secrets.token === undefined ? [] : [['oauth_token', secrets.token] as const]),
    ['oauth_signature_method', method],
    ['oauth_timestamp', String(fresh.timestamp)],
    ['oauth_nonce', fresh.nonce],
    ['oauth_version', '1.0'],
    ...more,
  ];
  const signature = sign(method, { secrets, base: () => signatureBaseString(request, oauth) });
  const all: Parameter[] = [...oauth, ['oauth_signature', signature]];
  return `OAuth ${all.map(([name, value]) => `${encode(name)}="${encode(value)}"`).join(', ')}`;
}

/**
 * RFC 5849 §3.4.1: the text that both sides sign. `oauth`: the protocol parameters, without the signature and the
 * realm.
 */
export function signatureBaseString({ method, url, form = [] }: SignedRequest, oauth: readonly Parameter[]): string {
  const parameters = [...url.searchParams, ...oauth, ...form]
    .map(([name, value]): Parameter => [encode(name), encode(value)])
    .toSorted(byBytes)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  return [method.toUpperCase(), encode(baseStringUri(url)), encode(parameters)].join('&');
}

/** RFC 5849 §3.4.2 to §3.4.4; HMAC-SHA256 differs from HMAC-SHA1 only in the hash. */
function sign(method: SignatureMethod, { secrets, base }: { secrets: OAuth1Secrets; base: () => string }): string {
  const key = `${encode(secrets.consumerSecret)}&${encode(secrets.tokenSecret ?? '')}`;
  switch (method) {
    case 'PLAINTEXT':
      return key;
    case 'HMAC-SHA1':
      return createHmac('sha1', key).update(base()).digest('base64');
    case 'HMAC-SHA256':
      return createHmac('sha256', key).update(base()).digest('base64');
    case 'RSA-SHA1':
      return signWith('sha1', Buffer.from(base()), secrets.consumerSecret).toString('base64');
  }
}

/** RFC 5849 §3.4.1.2. `URL` has already converted scheme and host to lower case and removed a default port. */
const baseStringUri = (url: URL): string => `${url.origin}${url.pathname}`;

/** RFC 5849 §3.6: encodes everything but unreserved characters, in upper-case hexadecimal. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

/** Encoded text is ASCII, so its order by code units is its order by bytes (RFC 5849 §3.4.1.3.2). */
function byBytes([name, value]: Parameter, [otherName, otherValue]: Parameter): number {
  if (name !== otherName) return name < otherName ? -1 : 1;
  return value === otherValue ? 0 : value < otherValue ? -1 : 1;
}
