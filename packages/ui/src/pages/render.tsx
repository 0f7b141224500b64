import type { FastifyReply } from 'fastify';
import type { VNode } from 'preact';
import { render } from 'preact-render-to-string';
import { currentSessionAccount } from '../signed-in/current-account.ts';
import { sessionBinding } from '../forms/csrf.ts';
import { allowScripts } from './content-security-policy.ts';
import { Page, type PageContext } from './context.ts';
import { needsOf } from './needs-you.ts';
import type { Site } from './site.ts';
import type { Stylesheet } from './style.ts';

/**
 * Sends a page: `<Layout title="…">…</Layout>` or a component that returns it. Set the status with `reply.code` before.
 * Pages are never cached.
 */
export function renderPage(reply: FastifyReply, page: VNode): FastifyReply {
  const context = contextOf(reply);
  const html = render(<Page.Provider value={context}>{page}</Page.Provider>);
  allowScripts(reply, [...context.scripts.values()]);
  return reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(`<!doctype html>${html}`);
}

/** The context of this answer's page. */
export function contextOf(reply: FastifyReply): PageContext {
  const { request, server } = reply;
  let token: string | undefined;
  return {
    site: server.getDecorator<Site>('site'),
    styleHref: server.getDecorator<Stylesheet>('stylesheet').href,
    account: currentSessionAccount(request),
    scripts: new Map(),
    needsYou: needsOf(request),
    path: request.url.split('?', 1)[0] ?? '/',
    // once per page: a second call would replace the secret in the cookie, which invalidates the first form's token
    csrfToken: () => (token ??= reply.generateCsrf({ userInfo: sessionBinding(request) })),
  };
}
