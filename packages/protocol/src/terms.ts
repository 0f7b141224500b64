import { z } from 'zod';
import { displayText, uri } from './display.ts';
import { LIMIT } from './lifetimes.ts';

/** A citation of a terms document: its URL, and base64url(SHA-256) of its JSON octets as served. PROTOCOL §10.1. */
export const termsReferenceSchema = z.strictObject({
  uri: uri.max(LIMIT.termsUriChars),
  digest: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});
export type TermsReference = z.infer<typeof termsReferenceSchema>;

const iris = z.array(uri).max(20);

/** What a Requester promises, for anybody to read. Immutable, and about nobody in particular. PROTOCOL §10.1. */
export const termsDocumentSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/),
  version: z.string().regex(/^(?:0|[1-9]\d{0,3})\.(?:0|[1-9]\d{0,3})$/),
  /** Where a roster describes the form that this document has, if one does. */
  source: uri.optional(),
  title: displayText(80),
  summary: displayText(1000),
  /**
   * IRIs that nothing compares: what the data may be used for, what it must not be used for, and which duties come with
   * it.
   */
  purposes: iris,
  prohibited: iris,
  obliged: iris,
});
export type TermsDocument = z.infer<typeof termsDocumentSchema>;

const compactJws = z.string().regex(/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/);
/** Whole seconds, so that a record kept for years has one spelling. */
const instant = z.number().int().positive();

/**
 * The owner's offer, signed by their AM: JWT `typ` `terms-proffer+jwt`. No `exp`: it holds until it is superseded.
 * PROTOCOL §10.2.
 */
const termsProfferSchema = z
  .strictObject({
    /** The AM's issuer. */
    iss: uri,
    /** The Requester's `client_id`. */
    aud: uri.max(LIMIT.signerIdChars),
    iat: instant,
    /** 128 random bits. */
    jti: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
    /** The connection, by an id that reveals nothing about its owner. */
    sub: z
      .string()
      .max(100)
      .regex(/^[\x21-\x7e]+$/),
    /** The preferred one first. */
    terms: z.array(termsReferenceSchema).min(1).max(2),
  })
  .refine(({ terms: [first, second] }) => first?.uri !== second?.uri);
export type TermsProffer = z.infer<typeof termsProfferSchema>;

/**
 * The Requester's answer, which encloses the offer it answers: JWT `typ` `terms-agreement+jwt`. It is the whole record.
 * PROTOCOL §10.2.
 */
const termsAgreementSchema = z
  .strictObject({
    /** Both the Requester's `client_id`. */
    iss: uri.max(LIMIT.signerIdChars),
    sub: uri.max(LIMIT.signerIdChars),
    /** The AM's issuer. */
    aud: uri,
    iat: instant,
    /** The offer, as it was given. */
    proffer: compactJws.max(LIMIT.agreementChars),
    accepted: termsReferenceSchema.optional(),
    declined: z.literal(true).optional(),
  })
  .refine(({ accepted, declined }) => (accepted === undefined) !== (declined === undefined))
  .refine(({ iss, sub }) => iss === sub);
export type TermsAgreement = z.infer<typeof termsAgreementSchema>;

/**
 * The answer of the agreements endpoint. Without `proffer`, the owner has proffered no terms to this connection.
 * PROTOCOL §10.3.
 */
export const agreementsResponseSchema = z.object({
  proffer: compactJws.max(LIMIT.agreementChars).optional(),
  agreement: compactJws.max(LIMIT.agreementChars).optional(),
});
export type AgreementsResponse = z.infer<typeof agreementsResponseSchema>;

/** What is posted to it. */
export const agreementRequestSchema = z.strictObject({ agreement: compactJws.max(LIMIT.agreementChars) });

/**
 * The claims of an offer; null if they are anything else. An additional member could say anything, so none is accepted.
 */
export function readProfferClaims(claims: unknown): TermsProffer | null {
  return termsProfferSchema.safeParse(claims).data ?? null;
}

/** The claims of an answer; null if they are anything else. */
export function readAgreementClaims(claims: unknown): TermsAgreement | null {
  return termsAgreementSchema.safeParse(claims).data ?? null;
}

/** Whether two citations name the same document with the same text. */
export function sameTerms(a: TermsReference, b: TermsReference): boolean {
  return a.uri === b.uri && a.digest === b.digest;
}

/**
 * Whether an answer belongs to this offer: by the Requester it was made to, to the AM that made it, and with terms that
 * it names.
 */
export function answersProffer(
  agreement: Pick<TermsAgreement, 'iss' | 'aud' | 'accepted'>,
  proffer: TermsProffer,
): boolean {
  const { iss, aud, accepted } = agreement;
  if (iss !== proffer.aud || aud !== proffer.iss) return false;
  return accepted === undefined || proffer.terms.some((one) => sameTerms(one, accepted));
}
