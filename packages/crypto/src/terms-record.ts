import {
  answersProffer,
  JWT_TYP,
  LIMIT,
  parseJson,
  readAgreementClaims,
  readProfferClaims,
  type TermsAgreement,
  type TermsProffer,
} from '@chatelaine/protocol';
import { type PublicJwk, thumbprint, validatePublicJwk } from './jwk.ts';
import { proofKeys } from './known-keys.ts';
import { readHeader, readSigned, sign } from './jws.ts';
import type { SigningKey } from './keys.ts';

/**
 * An offer whose signature fits the key that it carries. Whose key that is, is for published keys to say: {@link
 * isAmong}.
 */
export interface SignedProffer {
  readonly text: string;
  readonly claims: TermsProffer;
  /** The key in its header. */
  readonly key: PublicJwk;
}

/** A Requester's answer with the offer in it, both signed and about each other. */
export interface TermsRecord {
  readonly text: string;
  readonly claims: TermsAgreement;
  readonly key: PublicJwk;
  readonly proffer: SignedProffer;
}

/** The rule that a record broke. */
export type RecordFault =
  | 'size'
  | 'malformed'
  | 'typ'
  | 'key'
  | 'signature'
  | 'claims'
  | 'proffer'
  | 'not an answer to it';

export type ProfferResult = SignedProffer | { readonly fault: RecordFault };
export type RecordResult = TermsRecord | { readonly fault: RecordFault };

/** Signs an offer of terms; the key goes along. PROTOCOL §10.2. */
export function signProffer(claims: TermsProffer, key: SigningKey): Promise<string> {
  return sign({ typ: JWT_TYP.termsProffer, jwk: key.publicJwk }, claims, key);
}

/** Signs the answer to an offer; the key goes along. PROTOCOL §10.2. */
export function signAgreement(claims: TermsAgreement, key: SigningKey): Promise<string> {
  return sign({ typ: JWT_TYP.termsAgreement, jwk: key.publicJwk }, claims, key);
}

/** Reads an offer: its form, its signature by the key that it carries, its claims. Never throws. */
export async function readProffer(text: string): Promise<ProfferResult> {
  const read = await readSelfSigned(text, JWT_TYP.termsProffer);
  if ('fault' in read) return read;
  const claims = readProfferClaims(read.claims);
  return claims === null ? { fault: 'claims' } : { text, claims, key: read.key };
}

/**
 * Reads a whole record: the Requester's answer, the AM's offer in it, both signatures by the keys that they carry, and
 * that the one answers the other. Needs nothing but the text; anybody can make such a record with keys of their own, so
 * what it proves hangs on {@link isAmong}. Never throws.
 */
export async function readTermsRecord(text: string): Promise<RecordResult> {
  const read = await readSelfSigned(text, JWT_TYP.termsAgreement);
  if ('fault' in read) return read;
  const claims = readAgreementClaims(read.claims);
  if (claims === null) return { fault: 'claims' };
  const proffer = await readProffer(claims.proffer);
  if ('fault' in proffer) return { fault: 'proffer' };
  if (!answersProffer(claims, proffer.claims)) return { fault: 'not an answer to it' };
  return { text, claims, key: read.key, proffer };
}

/** Whether a key is one of those that somebody published: by what it is, not by what it is called (RFC 7638). */
export function isAmong(published: readonly unknown[], key: PublicJwk): boolean {
  const wanted = thumbprint(key);
  return published.some((one) => {
    const read = validatePublicJwk(one);
    return read.kind === 'valid' && thumbprint(read.jwk) === wanted;
  });
}

/** Base64url leaves bits at the end that no byte has: of all spellings of one record one is let in. RFC 4648 §3.5. */
const isCanonical = (text: string): boolean =>
  text.split('.').every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);

type SelfSigned = { readonly claims: unknown; readonly key: PublicJwk } | { readonly fault: RecordFault };

async function readSelfSigned(text: string, typ: string): Promise<SelfSigned> {
  if (text.length > LIMIT.agreementChars) return { fault: 'size' };
  const read = readHeader(text);
  if (read.kind === 'invalid' || !isCanonical(text)) return { fault: 'malformed' };
  if (read.header.typ !== typ) return { fault: 'typ' };
  const key = validatePublicJwk(read.header.jwk, proofKeys);
  if (key.kind === 'invalid') return { fault: 'key' };
  const signed = await readSigned(text, read.header.alg, key.jwk);
  if (signed.kind === 'invalid') return { fault: 'signature' };
  // read for years, by many programs: a member that is there twice would mean one thing to one of them and another to
  // the next
  const strict = parseJson(Buffer.from(text.split('.')[1] ?? '', 'base64url'));
  return strict.kind === 'json' ? { claims: strict.value, key: key.jwk } : { fault: 'malformed' };
}
