import crypto, { type KeyObject } from 'node:crypto';

// the least that signatures cost: only node:crypto, with public keys stored by thumbprint

export const sha256 = (text: string): Buffer => crypto.hash('sha256', text, 'buffer');
export const sha256url = (text: string): string => crypto.hash('sha256', text, 'base64url');
export const randomId = (bytes = 16): string => crypto.randomBytes(bytes).toString('base64url');

export interface Jwk {
  readonly kty: string;
  readonly crv: string;
  readonly x: string;
  readonly y?: string;
}

/** The claims, which a program without checks takes as they are. */
interface Claims {
  readonly iss: string;
  readonly aud: string;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
  readonly htm: string;
  readonly htu: string;
}

interface Jwt {
  readonly header: { readonly jwk: Jwk };
  readonly claims: Claims;
  readonly signed: string;
  readonly signature: Buffer;
}

const json = (part: string | undefined): never => JSON.parse(Buffer.from(part ?? '', 'base64url').toString()) as never;

export function readJwt(text: string): Jwt {
  const [header, claims, signature = ''] = text.split('.');
  return {
    header: json(header),
    claims: json(claims),
    signed: text.slice(0, text.lastIndexOf('.')),
    signature: Buffer.from(signature, 'base64url'),
  };
}

const DSA = { dsaEncoding: 'ieee-p1363' } as const;

export const verify = ({ signed, signature }: Jwt, key: KeyObject): boolean =>
  crypto.verify('sha256', Buffer.from(signed), { key, ...DSA }, signature);

export function sign(header: object, claims: object, key: KeyObject): string {
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const data = `${encode(header)}.${encode(claims)}`;
  return `${data}.${crypto.sign('sha256', Buffer.from(data), { key, ...DSA }).toString('base64url')}`;
}

const keys = new Map<string, KeyObject>();

export function publicKey({ kty, crv, x, y }: Jwk): { readonly jkt: string; readonly key: KeyObject } {
  const jkt = sha256url(JSON.stringify({ crv, kty, x, y }));
  const key =
    keys.get(jkt) ?? crypto.createPublicKey({ key: { kty, crv, x, ...(y !== undefined && { y }) }, format: 'jwk' });
  keys.set(jkt, key);
  return { jkt, key };
}
