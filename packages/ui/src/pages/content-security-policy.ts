import type { FastifyReply } from 'fastify';

/**
 * Nothing but our own stylesheet, icon and forms: no script on a page that does not say it needs ours, and no form
 * leads to another origin, be it by redirects.
 */
export const CONTENT_SECURITY_POLICY = {
  'default-src': ["'none'"],
  'style-src': ["'self'"],
  'img-src': ["'self'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
  'base-uri': ["'none'"],
};

/** A script of ours that a page runs: never inline, never from elsewhere. */
export interface PageScript {
  readonly href: string;
  /** It asks this origin for something. */
  readonly fetches?: boolean;
}

/** Lets this answer's page run these, where there are any. */
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
