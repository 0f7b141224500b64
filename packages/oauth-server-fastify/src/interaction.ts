import { sha256base64url } from '@chatelaine/crypto';
import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { Interaction } from '@chatelaine/oauth-server';
import type { FormParams, Issuer, ScopeSet } from '@chatelaine/protocol';
import { parseCookie, stringifySetCookie } from 'cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** The person signed in at this service. */
export interface Owner {
  readonly id: string;
}

/** The request, and the owner who is asked. */
export interface Asked {
  readonly interaction: Interaction;
  readonly owner: Owner;
}

/** What the consent page shows. Its form posts `hidden` and `decision` (`allow` or `deny`) to `action`. */
export interface ConsentView extends Asked {
  readonly action: string;
  /** `shown`: a digest of everything the page shows, so that nothing else is agreed to. */
  readonly hidden: Readonly<Record<'client_id' | 'request_uri' | 'csrf' | 'shown', string>>;
  /** Why the last answer could not be accepted, in a sentence. */
  readonly problem: string | null;
  /** The field the problem is about; null: none. */
  readonly problemAt: string | null;
  /** The form as it was posted, to be shown again. */
  readonly form: FormParams;
}

/** The owner's answer, read from the posted form. */
export type ConsentDecision =
  | {
      readonly kind: 'allow';
      readonly grantId: string;
      readonly scope: ScopeSet;
      readonly transferScope: ScopeSet | null;
      readonly expiresAt: number | null;
      /** `live`: the answer is for a grant that exists and stays as it is. */
      readonly grant?: 'new' | 'live';
    }
  | { readonly kind: 'deny' }
  /** The form cannot be accepted: show the page again with this sentence beside the field it is about. */
  | { readonly kind: 'again'; readonly problem: string; readonly at?: string }
  /** Nothing is decided yet: the form only says what the page shows next. */
  | { readonly kind: 'choosing' }
  /**
   * Not decided either: the person goes to a local path first, and finds the form as they had filled it in when they
   * return.
   */
  | { readonly kind: 'leave'; readonly to: string };

/** What there is to decide, read once: shown, compared with what comes back, and decided on. */
export interface ConsentOffer {
  /** Everything the page shows besides who asks, as JSON: the answer is bound to it. */
  readonly facts: unknown;
  readonly render: (view: ConsentView, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;
  readonly decide: (form: FormParams) => Promise<ConsentDecision> | ConsentDecision;
}

/** A page that leads back to the client. */
export interface ReturnView {
  /**
   * `answer`: the request was answered just now, and the page moves on to `to` by itself, without a script; a link does
   * the same. `answered`: it was answered earlier, and only a link leads back.
   */
  readonly kind: 'answer' | 'answered';
  /** For an `answer`, with code or error in it; otherwise just a page of the client. */
  readonly to: string;
  /** What `to` is, in words that complete "back to". */
  readonly place: string;
}

/** What the kernel's routes need from the service around them: who is signed in, and its pages. */
export interface InteractionPort {
  readonly owner: (request: FastifyRequest) => Promise<Owner | null>;
  /** The URL to sign in at; the person then returns to the local path. */
  readonly signInUrl: (returnTo: string) => string;
  readonly offer: (asked: Asked, request: FastifyRequest) => Promise<ConsentOffer>;
  /**
   * A page and not a redirect: CSP `form-action` also governs the redirects that follow a form, all the way, and nobody
   * knows in advance where the client redirects after its callback. PROTOCOL §2.1.
   */
  readonly renderReturn: (view: ReturnView, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;
  /** A page with one sentence. */
  readonly renderProblem: (
    problem: { status: number; message: string },
    request: FastifyRequest,
    reply: FastifyReply,
  ) => Promise<FastifyReply>;
}

/**
 * The secret that ties an interaction to one browser: a cookie of its own, so that it survives the change of session at
 * sign-in.
 */
export function browserSecret(issuer: Issuer, request: FastifyRequest, reply: FastifyReply): string {
  const secure = issuer.startsWith('https:');
  const name = secure ? '__Host-chatelaine-interaction' : 'chatelaine-interaction';
  const known = parseCookie(request.headers.cookie ?? '')[name];
  if (known !== undefined && /^[A-Za-z0-9_-]{43}$/.test(known)) return known;
  const secret = randomBytes(32).toString('base64url');
  const options = { httpOnly: true, secure, sameSite: 'lax', path: '/', maxAge: 86_400 } as const;
  reply.header('set-cookie', stringifySetCookie({ name, value: secret, ...options }));
  return secret;
}

/** A form token that only this browser can know, for one request as one person was shown it. */
export function csrfToken(secret: string, shown: { requestUri: string; owner: Owner }): string {
  return sha256base64url(`consent\0${secret}\0${shown.requestUri}\0${shown.owner.id}`);
}

export function isCsrfToken(given: string | undefined, token: string): boolean {
  const [actual, expected] = [Buffer.from(given ?? ''), Buffer.from(token)];
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
