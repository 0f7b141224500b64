import { LRUCache } from 'lru-cache';
import { isEd25519Point, isP256Point } from './curves.ts';

/** The members that make a public key, and nothing beside them: what its RFC 7638 thumbprint is over. */
export type KeyMaterial =
  | { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string };

/** Public keys that were found to be points of their curves: the same object for the same key. */
export interface KnownKeys {
  /** `null` for what is no public key on P-256 or Ed25519; that is not remembered. */
  materialOf(members: Readonly<Record<string, unknown>>): KeyMaterial | null;
  /** How many are remembered now. */
  readonly size: number;
}

/**
 * Remembers the `max` keys used last, so that a key that signs again costs neither the check of its curve's equation
 * nor an import: `jose` keeps what it imported for as long as the object lives that it was given.
 *
 * A key is found by all of its members, so none ever stands for another; whose key it is, and whether it still is, is
 * not kept here but read anew from that client's set for each token.
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

/** Keys that somebody publishes: few, and used again and again. */
export const publishedKeys = createKnownKeys(2048);
/**
 * Keys that come with their proofs (RFC 9449): anybody makes as many as they like, so these never push a published one
 * out.
 */
export const proofKeys = createKnownKeys(4096);

/**
 * The members by their form alone: judged before anything is looked up, so that a key that was seen lets in nothing
 * that is written otherwise.
 */
function formOf({ kty, crv, x, y }: Readonly<Record<string, unknown>>): KeyMaterial | null {
  if (!isCoordinate(x)) return null;
  if (kty === 'EC' && crv === 'P-256' && isCoordinate(y)) return { kty, crv, x, y };
  return kty === 'OKP' && crv === 'Ed25519' ? { kty, crv, x } : null;
}

const isPoint = (form: KeyMaterial): boolean =>
  form.kty === 'EC' ? isP256Point(form.x, form.y) : isEd25519Point(form.x);

/** 32 bytes in base64url, by length: nothing longer becomes part of a name. */
const isCoordinate = (value: unknown): value is string => typeof value === 'string' && value.length === 43;
