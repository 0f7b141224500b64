import { LRUCache } from 'lru-cache';
import { isEd25519Point, isP256Point } from './curves.ts';

/** The members that make up a public key, over which its RFC 7638 thumbprint is computed. */
export type KeyMaterial =
  | { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string };

/** Public keys that are known to be points on their curves, with the same object for the same key each time. */
export interface KnownKeys {
  /** Null if the members are not a public key on P-256 or Ed25519, which is not remembered. */
  materialOf(members: Readonly<Record<string, unknown>>): KeyMaterial | null;
  /** How many keys are remembered. */
  readonly size: number;
}

/**
 * Remembers the `max` keys used last. A key that is used again costs neither the check that it is on its curve nor an
 * import, because what was imported is kept for as long as the object lives.
 *
 * A key is looked up by all of its members, so that no key is taken for another. To whom a key belongs is not kept
 * here: it is read from that client's key set for each token.
 */
export function createKnownKeys(max: number): KnownKeys {
  const known = new LRUCache<string, KeyMaterial>({ max });
  return {
    materialOf(members) {
      const form = formOf(members);
      if (form === null) return null;
      const name = Object.values(form).join('|');
      const material = known.get(name) ?? (isPoint(form) ? Object.freeze(form) : null);
      if (material !== null) known.set(name, material);
      return material;
    },
    get size() {
      return known.size;
    },
  };
}

/** Keys that clients and servers publish: few, and used repeatedly. */
export const publishedKeys = createKnownKeys(2048);
/** Keys in DPoP proofs (RFC 9449). Anybody can make any number of them, so they must not evict published ones. */
export const proofKeys = createKnownKeys(4096);

/**
 * The members of a key whose form is right. It is checked before the look-up, so that a known key does not make another
 * encoding of it acceptable.
 */
function formOf({ kty, crv, x, y }: Readonly<Record<string, unknown>>): KeyMaterial | null {
  if (!isCoordinate(x)) return null;
  if (kty === 'EC' && crv === 'P-256' && isCoordinate(y)) return { kty, crv, x, y };
  return kty === 'OKP' && crv === 'Ed25519' ? { kty, crv, x } : null;
}

const isPoint = (form: KeyMaterial): boolean =>
  form.kty === 'EC' ? isP256Point(form.x, form.y) : isEd25519Point(form.x);

/** 32 bytes in base64url, judged by the length, so that no longer text becomes part of a look-up key. */
const isCoordinate = (value: unknown): value is string => typeof value === 'string' && value.length === 43;
