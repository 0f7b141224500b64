/**
 * Token strings: `cha_<kind>_<46 characters>`, the characters being base64url of 2 bytes of bucket and 32 bytes of
 * secret. The kind tells tokens apart before any look-up; the bucket lets hot tables be distributed by owner. PROTOCOL
 * §8.
 */
export const TOKEN_KINDS = ['ct', 'lt', 'at', 'rt', 'ac', 'dc', 'ru', 'ra', 'cs'] as const;

/**
 * ct connection · lt link · at Host access · rt refresh · ac code · dc deferral · ru request_uri · ra registration
 * access · cs client secret
 */
export type TokenKind = (typeof TOKEN_KINDS)[number];

/** A token in clear: it exists only between minting and answering, or while a request that carries it is served. */
export type Token<K extends TokenKind = TokenKind> = `cha_${K}_${string}`;

const PATTERN = /^cha_([a-z]{2})_([A-Za-z0-9_-]{46})$/;

export interface ParsedToken {
  readonly kind: TokenKind;
  /** 0..65535 */
  readonly bucket: number;
}

/** Reads kind and bucket of a token string; `null` if it is not one of ours. */
export function parseToken(value: string): ParsedToken | null {
  const match = PATTERN.exec(value);
  const kind = TOKEN_KINDS.find((known) => known === match?.[1]);
  const body = match?.[2];
  if (kind === undefined || body === undefined) return null;
  const bytes = decodeHead(body);
  return { kind, bucket: bytes };
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The first 16 bits of a base64url text. */
function decodeHead(body: string): number {
  const [a = 0, b = 0, c = 0] = [0, 1, 2].map((i) => ALPHABET.indexOf(body.charAt(i)));
  return ((a << 10) | (b << 4) | (c >> 2)) & 0xffff;
}
