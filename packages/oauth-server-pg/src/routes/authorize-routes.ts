import {
  type AuthorizationRequest,
  ENDPOINT,
  grantConsent,
  refuseConsent,
  type StartedAuthorization,
  startAuthorization,
} from '@chatelaine/oauth-server';
import { coversScope, formatForm, type FormParams, OAuthError } from '@chatelaine/protocol';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { formOf, queryOf, refuseOtherMethods, sendError, strictScope } from './http.ts';
import {
  browserSecret,
  type ConsentDecision,
  type ConsentView,
  csrfToken,
  type InteractionPort,
  isCrossSite,
  isCsrfToken,
  type Owner,
} from './interaction.ts';
import { requestDeps, type RequestDepsOptions } from './request-deps.ts';

export interface AuthorizeRoutesOptions extends RequestDepsOptions {
  readonly interaction: InteractionPort;
}

/** The authorization endpoint: the browser arrives, the owner signs in, sees who asks, decides, and is sent back. */
export async function authorizeRoutes(app: FastifyInstance, options: AuthorizeRoutesOptions): Promise<void> {
  const { interaction } = options;
  await strictScope(app);
  // people come here: what programs would get as JSON is a page
  app.setErrorHandler<FastifyError>(async (error, request, reply) => {
    if (!(error instanceof OAuthError) || error.status === 500) return sendError(error, request, reply);
    if (error.retryAfter !== undefined) reply.header('retry-after', String(error.retryAfter));
    return interaction.renderProblem({ status: error.status, message: error.message }, request, reply);
  });
  app.get(ENDPOINT.authorize, async (request, reply) => arrive(options, request, reply));
  app.post(ENDPOINT.authorize, async (request, reply) => decide(options, request, reply));
  refuseOtherMethods(app, ENDPOINT.authorize, ['GET', 'POST']);
}

async function arrive(
  options: AuthorizeRoutesOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { interaction } = options;
  const deps = requestDeps(options, request);
  const browser = browserSecret(deps.config.issuer, request, reply);
  const started = await startAuthorization(deps, { query: queryOf(request), browser });
  const view = await viewOf(options, { started, browser, request, reply });
  if (view === null) return reply;
  return interaction.renderConsent(view, request, reply);
}

async function decide(
  options: AuthorizeRoutesOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { interaction } = options;
  const deps = requestDeps(options, request);
  const form = formOf(request);
  const browser = browserSecret(deps.config.issuer, request, reply);
  const requestUri = form.get('request_uri');
  const owner = await interaction.owner(request);
  // who is signed out meanwhile is sent to sign in, and sees the page again
  const isOwn =
    requestUri !== undefined &&
    !isCrossSite(deps.config.issuer, request) &&
    (owner === null || isCsrfToken(form.get('csrf'), csrfToken(browser, { requestUri, owner })));
  if (!isOwn) {
    return interaction.renderProblem(
      { status: 403, message: 'This form was not sent from our own page. Go back and try again.' },
      request,
      reply,
    );
  }
  const query = { kind: 'form', params: pick(form, ['client_id', 'request_uri']) } as const;
  const started = await startAuthorization(deps, { query, browser });
  const view = await viewOf(options, { started, browser, request, reply, form });
  if (view === null) return reply;
  const decision = within(view.interaction.request, await interaction.decide({ view, form }));
  const key = { requestUri, clientId: view.interaction.client.id, browser };
  switch (decision.kind) {
    case 'again':
      return interaction.renderConsent({ ...view, problem: decision.problem }, request, reply.code(400));
    case 'deny':
      return leave(
        options,
        request,
        reply,
        await refuseConsent(deps, {
          ...key,
          error: 'access_denied',
          description: 'The owner said no.',
        }),
      );
    case 'allow':
      return leave(
        options,
        request,
        reply,
        await grantConsent(deps, { ...key, consent: { ...decision, subject: view.owner.id } }),
      );
  }
}

/** Nothing is granted that was not asked for, whatever the form brought. */
function within(asked: AuthorizationRequest, decision: ConsentDecision): ConsentDecision {
  if (decision.kind !== 'allow') return decision;
  // RFC 6749 §3.3: a request of an extension's may leave the scope to the server, which is to say to the owner
  const isOpen = asked.answeredBy !== null && asked.scope.length === 0;
  const isWithin =
    (isOpen || coversScope(asked.scope, decision.scope)) &&
    coversScope(asked.transferScope ?? [], decision.transferScope ?? []);
  return isWithin ? decision : { kind: 'again', problem: 'That is more than was asked for.' };
}

/** The consent page's view, or null when the browser was already sent elsewhere. */
async function viewOf(
  options: AuthorizeRoutesOptions,
  input: {
    started: StartedAuthorization;
    browser: string;
    request: FastifyRequest;
    reply: FastifyReply;
    form?: FormParams;
  },
): Promise<ConsentView | null> {
  const { interaction } = options;
  const { started, browser, request, reply } = input;
  const here = (clientId: string, requestUri: string): string =>
    `${ENDPOINT.authorize}?${formatForm({ client_id: clientId, request_uri: requestUri })}`;
  switch (started.kind) {
    case 'page':
      await interaction.renderProblem({ status: 400, message: started.message }, request, reply);
      return null;
    case 'redirect':
      await reply.redirect(started.to, 303);
      return null;
    case 'stored':
      await reply.redirect(here(started.clientId, started.requestUri), 303);
      return null;
    case 'interaction': {
      const { client, requestUri, request: asked } = started;
      const owner = await interaction.owner(request);
      if (asked.prompt === 'none') {
        await refuseSilently(options, { started, browser, owner, request, reply });
        return null;
      }
      if (owner === null) {
        await reply.redirect(interaction.signInUrl(here(client.id, requestUri)), 303);
        return null;
      }
      return {
        interaction: started,
        owner,
        action: ENDPOINT.authorize,
        hidden: { client_id: client.id, request_uri: requestUri, csrf: csrfToken(browser, { requestUri, owner }) },
        redirectOrigin: new URL(asked.redirectUri).origin,
        problem: null,
        form: input.form ?? new Map(),
      };
    }
    default:
      return started satisfies never;
  }
}

/** `prompt=none`: no page may be shown, and consent is never given without one. OpenID Connect Core §3.1.2.6. */
async function refuseSilently(
  options: AuthorizeRoutesOptions,
  input: {
    started: Extract<StartedAuthorization, { kind: 'interaction' }>;
    browser: string;
    owner: Owner | null;
    request: FastifyRequest;
    reply: FastifyReply;
  },
): Promise<void> {
  const { started, browser, owner, request, reply } = input;
  const error = owner === null ? 'login_required' : 'consent_required';
  const key = { requestUri: started.requestUri, clientId: started.client.id, browser };
  const outcome = await refuseConsent(options.deps, {
    ...key,
    error,
    description: 'The owner would have to be asked.',
  });
  await leave(options, request, reply, outcome);
}

async function leave(
  { interaction }: AuthorizeRoutesOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  outcome: Awaited<ReturnType<typeof grantConsent>>,
): Promise<FastifyReply> {
  // RFC 9700 §4.12: 303, so that nothing posted is posted again
  if (outcome.kind === 'redirect') return reply.redirect(outcome.to, 303);
  return interaction.renderProblem(
    { status: 400, message: 'This request was already answered or has expired. Go back to where you came from.' },
    request,
    reply,
  );
}

function pick(form: FormParams, names: readonly string[]): FormParams {
  return new Map(names.flatMap((name) => (form.has(name) ? [[name, form.get(name) ?? ''] as const] : [])));
}
