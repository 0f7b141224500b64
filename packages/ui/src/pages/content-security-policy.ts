import type { FastifyReply } from 'fastify';

/**
 * Allows our own stylesheet, icon and forms and nothing else: no script unless the page declares it, and no form that
 * leads to another origin, even by a redirect.
 */
export const CONTENT_SECURITY_POLICY = {
  'default-src': ["'none'"],
  'style-src': ["'self'"],
  'img-src': ["'self'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
  'base-uri': ["'none'"],
};

/** A script of ours that a page runs; it is never inline or from another origin. */
export interface PageScript {
  readonly href: string;
  /** Whether it sends requests to this origin. */
  readonly fetches?: boolean;
}

/** Allows the page of this answer to run these scripts. */
export function allowScripts(reply: FastifyReply, scripts: readonly PageScript[]): void {
  if (scripts.length === 0) return;
  const policy = {
    ...CONTENT_SECURITY_POLICY,
    ...(scripts.some(({ fetches }) => fetches === true) && { 'connect-src': ["'self'"] }),
    'script-src': ["'self'"],
  };
  const directives = Object.entries(policy).map(([name, sources]) => [name, ...sources].join(' '));
  reply.header('content-security-policy', directives.join(';'));
}
