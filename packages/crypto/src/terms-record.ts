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
 * An offer whose signature verifies with the key in its header. Whether that key belongs to the AM, {@link isAmong}
 * tells.
 */
export interface SignedProffer {
  readonly text: string;
  readonly claims: TermsProffer;
  /** The key in the header. */
  readonly key: PublicJwk;
}

/** A Requester's answer to an offer, and the offer inside it. Both are signed, and the answer is to this offer. */
export interface TermsRecord {
  readonly text: string;
  readonly claims: TermsAgreement;
  readonly key: PublicJwk;
  readonly proffer: SignedProffer;
}

/** The rule that a record violates. */
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

/** Signs an offer of terms, with the public key in the header. PROTOCOL §10.2. */
export async function signProffer(claims: TermsProffer, key: SigningKey): Promise<string> {
  return sign({ typ: JWT_TYP.termsProffer, jwk: key.publicJwk }, claims, key);
}

/** Signs the answer to an offer, with the public key in the header. PROTOCOL §10.2. */
export async function signAgreement(claims: TermsAgreement, key: SigningKey): Promise<string> {
  return sign({ typ: JWT_TYP.termsAgreement, jwk: key.publicJwk }, claims, key);
}

/** Reads an offer and verifies it with the key in its header. Never throws. PROTOCOL §10.2. */
export async function readProffer(text: string): Promise<ProfferResult> {
  const read = await readSelfSigned(text, JWT_TYP.termsProffer);
  if ('fault' in read) return read;
  const claims = readProfferClaims(read.claims);
  return claims === null ? { fault: 'claims' } : { text, claims, key: read.key };
}

/**
 * Reads a record: verifies the Requester's answer and the AM's offer inside it with the keys in their headers, and that
 * the one answers the other. It needs nothing but the text, and anybody can make such a record with keys of their own:
 * what it proves depends on {@link isAmong}. Never throws. PROTOCOL §10.2.
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

/** Whether a key is among those that somebody published, by its thumbprint and not by its `kid`. RFC 7638. */
export function isAmong(published: readonly unknown[], key: PublicJwk): boolean {
  const wanted = thumbprint(key);
  return published.some((one) => {
    const read = validatePublicJwk(one);
    return read.kind === 'valid' && thumbprint(read.jwk) === wanted;
  });
}

/**
 * Several texts decode to the same bytes, because the last character of base64url has unused bits. Only the canonical
 * one is accepted. RFC 4648 §3.5.
 */
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
  const signed = readSigned(text, read.header.alg, key.jwk);
  if (signed.kind === 'invalid') return { fault: 'signature' };
  // records are read for years by many programs, and two members of one name could mean different things to two of them
  const strict = parseJson(Buffer.from(text.split('.')[1] ?? '', 'base64url'));
  return strict.kind === 'json' ? { claims: strict.value, key: key.jwk } : { fault: 'malformed' };
}
